//! What routers attach to their errors: a raw-socket responder stands in for a router that knows MPLS (RFC 4950) and
//! names its interfaces (RFC 5837).

use trace_core::model::{Extension, Label, Mode, Outcome, Protocol, ReplyKind, Trace};

use crate::lab::{Chain, Lab, Responder, checksum, lab_test};
use crate::tracing::{all_answers, hop, job, trace};

const MODES: [Mode; 2] = [Mode::Raw, Mode::Unprivileged];

/// How a router quotes and attaches.
#[derive(Debug, Clone, Copy)]
struct Style {
    /// Bytes quoted of the probe, filled up with zeros.
    quoted: usize,
    /// Whether the message says how many that are (RFC 4884, section 4).
    says_length: bool,
    /// Whether the structure has a right checksum, none, or a wrong one.
    checksum: Checksum,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Checksum {
    Right,
    Absent,
    Wrong,
}

/// What the section 4 of RFC 4884 wants.
const MODERN: Style = Style { quoted: 128, says_length: true, checksum: Checksum::Right };

/// An object (RFC 4884, section 8).
fn object(class: u8, c_type: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 4).expect("a short payload").to_be_bytes();
    [&length[..], &[class, c_type], payload].concat()
}

/// An entry of a label stack (RFC 3032, section 2.1).
fn entry(label: Label) -> [u8; 4] {
    let Label { label, traffic_class, bottom, ttl } = label;
    (label << 12 | u32::from(traffic_class) << 9 | u32::from(bottom) << 8 | u32::from(ttl)).to_be_bytes()
}

fn labels() -> [Label; 2] {
    [
        Label { label: 24_015, traffic_class: 5, bottom: false, ttl: 1 },
        Label { label: 1_048_575, traffic_class: 0, bottom: true, ttl: 255 },
    ]
}

/// The incoming interface with index, IPv4 address, name and MTU (RFC 5837, section 4.1): role 0, all four bits.
fn interface() -> Extension {
    let mut bytes = 7_u32.to_be_bytes().to_vec();
    bytes.extend([0, 1, 0, 0, 192, 0, 2, 7]);
    // The length counts itself; the name is filled up to words of 32 bits.
    bytes.extend(b"\x08ge-0/0/");
    bytes.extend(1500_u32.to_be_bytes());
    Extension { class: 2, c_type: 0x0f, bytes }
}

fn unknown() -> Extension {
    Extension { class: 0xf7, c_type: 3, bytes: vec![1, 2, 3, 4, 5, 6, 7, 8] }
}

/// "Time exceeded" with a label stack, an interface and an object that nobody knows.
fn message(style: Style, family: u8, probe: &[u8]) -> Vec<u8> {
    let mut quoted = probe.to_vec();
    quoted.resize(style.quoted, 0);
    let mut structure = vec![0x20, 0, 0, 0];
    structure.extend(object(1, 1, &labels().map(entry).concat()));
    for Extension { class, c_type, bytes } in [interface(), unknown()] {
        structure.extend(object(class, c_type, &bytes));
    }
    let sum = checksum(&structure);
    let sum = match style.checksum {
        Checksum::Right => sum,
        Checksum::Absent => 0,
        Checksum::Wrong => sum ^ 0x0101,
    };
    structure[2..4].copy_from_slice(&sum.to_be_bytes());
    let words = |size: usize| {
        if style.says_length { u8::try_from(style.quoted / size).expect("a length") } else { 0 }
    };
    let header = if family == 4 { [11, 0, 0, 0, 0, words(4), 0, 0] } else { [3, 0, 0, 0, words(8), 0, 0, 0] };
    [&header[..], &quoted, &structure].concat()
}

/// A chain whose second router answers in this style, traced in every way; `check` sees each trace.
fn through(style: Style, check: impl Fn(&Lab, &Trace, &str)) {
    let lab = Chain::of(3).without_limits().build();
    let Some(_responder) = Responder::start(lab.node(2), move |family, probe| message(style, family, probe))
    else {
        return;
    };
    for mode in MODES {
        for family in [4, 6] {
            for protocol in Protocol::ALL {
                let trace = trace(&lab, mode, job(lab.target(family), *protocol));
                let case = format!("{mode} {protocol} IPv{family} {style:?}: {trace:#?}");
                assert_eq!((trace.outcome, trace.hops.len()), (Some(Outcome::Reached), 4), "{case}");
                for ttl in [1, 2, 3, 4] {
                    for reply in all_answers(hop(&trace, ttl)) {
                        assert_eq!(reply.from, lab.hop(ttl, family), "{case}");
                        assert!(ttl == 2 || (reply.mpls.is_empty() && reply.extensions.is_empty()), "{case}");
                    }
                }
                check(&lab, &trace, &case);
            }
        }
    }
}

fn are_read(_: &Lab, trace: &Trace, case: &str) {
    for reply in all_answers(hop(trace, 2)) {
        assert_eq!(reply.kind, Some(ReplyKind::TimeExceeded), "{case}");
        assert_eq!(reply.mpls, labels(), "{case}");
        assert_eq!(reply.extensions, [interface(), unknown()], "{case}");
        let told = reply.extensions[0].interface().expect("an interface");
        assert_eq!(
            (told.index, told.address, told.mtu),
            (Some(7), Some([192, 0, 2, 7].into()), Some(1500)),
            "{case}"
        );
        assert_eq!(told.name.as_deref(), Some("ge-0/0/"), "{case}");
    }
}

fn are_passed_over(_: &Lab, trace: &Trace, case: &str) {
    for reply in all_answers(hop(trace, 2)) {
        assert_eq!(reply.kind, Some(ReplyKind::TimeExceeded), "{case}");
        assert!(reply.mpls.is_empty() && reply.extensions.is_empty(), "{case}");
    }
}

lab_test! {
    fn labels_interfaces_and_unknown_objects_are_read() {
        through(MODERN, are_read);
    }

    fn a_router_that_quotes_much_says_how_much() {
        through(Style { quoted: 512, ..MODERN }, are_read);
    }

    fn a_router_that_sets_no_length_is_understood() {
        through(Style { says_length: false, ..MODERN }, are_read);
    }

    fn a_structure_without_a_checksum_is_believed_and_one_with_a_wrong_one_is_not() {
        through(Style { checksum: Checksum::Absent, ..MODERN }, are_read);
        through(Style { checksum: Checksum::Wrong, ..MODERN }, are_passed_over);
        through(Style { checksum: Checksum::Wrong, says_length: false, ..MODERN }, are_passed_over);
    }
}
