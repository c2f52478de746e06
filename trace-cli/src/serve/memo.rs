//! Answers that took some time, kept until what they were made of changes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::answer::Answer;
use super::problem::Problem;

/// So many bytes of answers are kept.
const ROOM: usize = 2 << 20;

/// Answers by what was asked, each with the stamp of what it was made of.
#[derive(Debug, Default)]
pub(super) struct Memo {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    bytes: usize,
    answers: HashMap<String, (u64, Answer)>,
}

impl Memo {
    /// The answer to `question`, as it was made when the stamp was the same, or anew.
    pub(super) fn get(
        &self,
        question: &str,
        stamp: u64,
        make: impl FnOnce() -> Result<Answer, Problem>,
    ) -> Result<Answer, Problem> {
        if let Some((known, answer)) = self.lock().answers.get(question)
            && *known == stamp
        {
            return Ok(answer.clone());
        }
        // Others may ask meanwhile: two of them do the same work rather than wait for one another.
        let answer = make()?.packed();
        let length = answer.length() + question.len();
        if length <= ROOM / 4 {
            let mut kept = self.lock();
            if kept.bytes + length > ROOM {
                *kept = Kept::default();
            }
            let before = kept.answers.insert(question.to_owned(), (stamp, answer.clone()));
            let freed = before.map_or(0, |(_, answer)| answer.length() + question.len());
            kept.bytes = kept.bytes + length - freed.min(kept.bytes);
        }
        Ok(answer)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_made_once_for_each_stamp() {
        let memo = Memo::default();
        let mut made = 0;
        for stamp in [1, 1, 2, 2, 1] {
            let answer = memo.get("a", stamp, || {
                made += 1;
                Ok(Answer::new("text/plain", "a"))
            });
            assert_eq!(answer.unwrap().length(), 1);
        }
        assert_eq!(made, 3);
        assert!(memo.get("a", 3, || Err(Problem::broken("no"))).is_err());
    }

    #[test]
    fn it_takes_no_more_room_than_it_has() {
        let memo = Memo::default();
        // What cannot be packed: the digits of no number in particular.
        let mut seed = 1_u32;
        let bytes: Vec<u8> = core::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed.to_be_bytes()[0]
        })
        .take(ROOM / 2)
        .collect();
        for number in 0..100 {
            memo.get(&number.to_string(), 0, || Ok(Answer::new("text/plain", bytes[..ROOM / 5].to_vec())))
                .unwrap();
            let kept = memo.lock();
            assert!(kept.bytes <= ROOM);
            assert_eq!(
                kept.bytes,
                kept.answers.iter().map(|(q, (_, a))| q.len() + a.length()).sum::<usize>()
            );
        }
        memo.get("large", 0, || Ok(Answer::new("text/plain", bytes.clone()))).unwrap();
        assert!(!memo.lock().answers.contains_key("large"));
    }
}
