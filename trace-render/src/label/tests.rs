use super::*;
use proptest::prelude::*;

const BOUNDS: Rect = Rect { left: 0.0, top: 0.0, right: 800.0, bottom: 500.0 };

fn item(x: f64, y: f64, priority: u32) -> Item {
    let forms = vec![(110.0, 34.0), (90.0, 20.0), (24.0, 18.0)];
    let symbol = Rect { left: x - 6.0, top: y - 6.0, right: x + 6.0, bottom: y + 6.0 };
    Item { anchor: (x, y), radius: 6.0, centred: false, forms, priority, symbols: vec![symbol], solid: true }
}

fn no_crowd() -> Crowd {
    Crowd::new(BOUNDS, 6.0, &[])
}

#[test]
fn a_lonely_label_stands_to_the_right() {
    let [Some(label)] = place(&[item(300.0, 200.0, 1)], BOUNDS, &no_crowd(), 1.0)[..] else { panic!() };
    assert!(label.rect.left > 306.0 && label.form == 0 && label.leader.is_none() && !label.left);
}

#[test]
fn a_label_at_the_right_edge_stands_to_the_left() {
    let [Some(label)] = place(&[item(790.0, 200.0, 1)], BOUNDS, &no_crowd(), 1.0)[..] else { panic!() };
    assert!(label.rect.right < 790.0 && label.left);
}

#[test]
fn a_label_keeps_off_the_leg() {
    let leg = vec![vec![(300.0, 200.0), (500.0, 200.0)]];
    let crowd = Crowd::new(BOUNDS, 6.0, &leg);
    let [Some(label)] = place(&[item(300.0, 200.0, 1)], BOUNDS, &crowd, 1.0)[..] else { panic!() };
    assert!(label.rect.bottom < 200.0 || label.rect.top > 200.0 || label.rect.right < 300.0, "{label:?}");
}

#[test]
fn marks_close_together_find_room_on_leaders() {
    let items: Vec<Item> =
        (0..16).map(|n| item(300.0 + f64::from(n) * 15.0, 250.0 + f64::from(n % 3) * 4.0, 1)).collect();
    let placed = place(&items, BOUNDS, &no_crowd(), 1.0);
    assert!(placed.iter().all(Option::is_some), "{placed:?}");
    assert!(placed.iter().flatten().any(|label| label.leader.is_some()));
}

proptest! {
    #[test]
    fn labels_never_overlap_each_other_or_marks_or_the_edge(
        spots in prop::collection::vec((-50.0..850.0f64, -50.0..550.0f64, any::<bool>()), 0..60)
    ) {
        let items: Vec<Item> = spots
            .iter()
            .map(|&(x, y, centred)| {
                let point = item(x, y, 1);
                if centred { Item { centred, symbols: Vec::new(), radius: 0.0, ..point } } else { point }
            })
            .collect();
        let placed = place(&items, BOUNDS, &no_crowd(), 1.0);
        let labels: Vec<&Placed> = placed.iter().flatten().collect();
        for (index, label) in labels.iter().enumerate() {
            prop_assert!(BOUNDS.covers(label.rect));
            prop_assert!(!labels[..index].iter().any(|other| other.rect.overlaps(label.rect)));
            prop_assert!(!items.iter().flat_map(|item| &item.symbols).any(|symbol| symbol.overlaps(label.rect)));
            let crossed = labels.iter().filter(|other| other.rect != label.rect).any(|other| {
                other.leader.is_some_and(|leader| meets(leader, label.rect.grown(-0.1, -0.1)))
            });
            prop_assert!(!crossed);
        }
    }
}
