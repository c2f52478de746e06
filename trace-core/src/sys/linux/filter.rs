//! What a raw socket is woken for: answers that name one of our numbers.
//!
//! Every raw socket hears the whole machine. Beside another tracer, or a scanner, most of what it would read
//! is not for it. A classic BPF program leaves that in the kernel: of an echo reply it looks at the
//! identifier, of an error at what is quoted of the probe, where source port and echo identifier stand; of a TCP segment at the port it
//! goes to.

use std::io;

use socket2::{SockFilter, Socket};

use super::identities::Reserved;
use crate::model::Family;

/// More numbers than this make no filter: a jump reaches 255 instructions, and each number is looked for in
/// three places.
const MOST: usize = 64;

/// Lets only answers through that name one of the numbers.
pub(super) fn hear_only_about(socket: &Socket, family: Family, identities: &[Reserved]) -> io::Result<()> {
    attach(socket, &program(family, &numbers_of(identities)))
}

/// Lets only TCP segments through that go to one of the numbers.
pub(super) fn hear_only_segments_to(
    socket: &Socket,
    family: Family,
    identities: &[Reserved],
) -> io::Result<()> {
    attach(socket, &segment_program(family, &numbers_of(identities)))
}

fn numbers_of(identities: &[Reserved]) -> Vec<u16> {
    identities.iter().map(|identity| identity.number).collect()
}

fn attach(socket: &Socket, program: &[Step]) -> io::Result<()> {
    let program: Vec<SockFilter> = program
        .iter()
        .map(|Step { code, if_true, constant }| SockFilter::new(*code, *if_true, 0, *constant))
        .collect();
    socket.attach_filter(&program)
}

/// An instruction. None here jumps when its condition does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    code: u16,
    if_true: u8,
    constant: u32,
}

/// Instructions (linux/bpf_common.h): class, size, mode or operation.
const LOAD_BYTE: u16 = 0x50; // A = the byte at X + constant
const LOAD_HALF: u16 = 0x48; // A = the 16 bits at X + constant
const SET_INDEX: u16 = 0x01; // X = constant
const SET_INDEX_TO_HEADER: u16 = 0xb1; // X = the length in the IPv4 header at constant
const AND: u16 = 0x54; // A &= constant
const SHIFT_LEFT: u16 = 0x64; // A <<= constant
const ADD_INDEX: u16 = 0x0c; // A += X
const MOVE_TO_INDEX: u16 = 0x07; // X = A
const IF_EQUAL: u16 = 0x15; // jump if A is constant
const RETURN: u16 = 0x06; // let so many bytes through

const NOTHING: u32 = 0;
const EVERYTHING: u32 = u32::MAX;

/// Where a jump goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Accept,
    Reply,
    Probe,
}

/// A program whose jumps are not yet counted out.
#[derive(Debug, Default)]
struct Draft {
    steps: Vec<(u16, u32, Option<Mark>)>,
    marks: Vec<(Mark, usize)>,
}

impl Draft {
    fn step(&mut self, code: u16, constant: u32) {
        self.steps.push((code, constant, None));
    }

    fn if_equal(&mut self, constant: impl Into<u32>, to: Mark) {
        self.steps.push((IF_EQUAL, constant.into(), Some(to)));
    }

    fn accept_if_one_of(&mut self, numbers: &[u16]) {
        for number in numbers {
            self.if_equal(*number, Mark::Accept);
        }
    }

    fn mark(&mut self, mark: Mark) {
        self.marks.push((mark, self.steps.len()));
    }

    /// `None` if a jump is too far.
    fn finish(&self) -> Option<Vec<Step>> {
        let step = |(index, (code, constant, to)): (usize, &(u16, u32, Option<Mark>))| {
            let distance = match to {
                None => 0,
                Some(to) => {
                    let (_, target) = self.marks.iter().find(|(mark, _)| mark == to)?;
                    target.checked_sub(index + 1)?
                }
            };
            Some(Step { code: *code, if_true: u8::try_from(distance).ok()?, constant: *constant })
        };
        self.steps.iter().enumerate().map(step).collect()
    }
}

/// The program for these numbers; one that lets everything through if they are too many.
fn program(family: Family, numbers: &[u16]) -> Vec<Step> {
    let open = vec![Step { code: RETURN, if_true: 0, constant: EVERYTHING }];
    if numbers.len() > MOST {
        return open;
    }
    let mut draft = Draft::default();
    // X: where the ICMP message begins. A raw IPv4 socket is handed the IP header as well.
    let reply = match family {
        Family::V4 => {
            draft.step(SET_INDEX_TO_HEADER, 0);
            0
        }
        Family::V6 => {
            draft.step(SET_INDEX, 0);
            129_u32
        }
    };
    draft.step(LOAD_BYTE, 0);
    draft.if_equal(reply, Mark::Reply);
    // An error: 8 bytes of its own, then the IP header of the probe. X: as if the probe were the message.
    match family {
        Family::V4 => {
            draft.step(LOAD_BYTE, 8);
            draft.step(AND, 0x0f);
            draft.step(SHIFT_LEFT, 2);
            draft.step(ADD_INDEX, 0);
            draft.step(MOVE_TO_INDEX, 0);
        }
        Family::V6 => {
            // TCP, UDP or ICMPv6 follows; if not, somebody has put an extension header in between, and the ports
            // are somewhere behind it.
            draft.step(LOAD_BYTE, 8 + 6);
            draft.if_equal(6_u32, Mark::Probe);
            draft.if_equal(17_u32, Mark::Probe);
            draft.if_equal(58_u32, Mark::Probe);
            draft.step(RETURN, EVERYTHING);
            draft.mark(Mark::Probe);
            draft.step(SET_INDEX, 40);
        }
    }
    // Source port, or echo identifier.
    draft.step(LOAD_HALF, 8);
    draft.accept_if_one_of(numbers);
    draft.step(LOAD_HALF, 8 + 4);
    draft.accept_if_one_of(numbers);
    draft.step(RETURN, NOTHING);
    draft.mark(Mark::Reply);
    draft.step(LOAD_HALF, 4);
    draft.accept_if_one_of(numbers);
    draft.step(RETURN, NOTHING);
    draft.mark(Mark::Accept);
    draft.step(RETURN, EVERYTHING);
    draft.finish().unwrap_or(open)
}

/// The program for TCP segments; one that lets everything through if the numbers are too many.
fn segment_program(family: Family, numbers: &[u16]) -> Vec<Step> {
    let open = vec![Step { code: RETURN, if_true: 0, constant: EVERYTHING }];
    if numbers.len() > MOST {
        return open;
    }
    let mut draft = Draft::default();
    match family {
        Family::V4 => draft.step(SET_INDEX_TO_HEADER, 0),
        Family::V6 => draft.step(SET_INDEX, 0),
    }
    // The destination port.
    draft.step(LOAD_HALF, 2);
    draft.accept_if_one_of(numbers);
    draft.step(RETURN, NOTHING);
    draft.mark(Mark::Accept);
    draft.step(RETURN, EVERYTHING);
    draft.finish().unwrap_or(open)
}

#[cfg(test)]
mod tests;
