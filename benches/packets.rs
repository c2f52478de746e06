//! Making a probe: stamped on a template, against building the same bytes with `pnet_packet` each time, and
//! against a mere copy of as many bytes.
//!
//! `cargo bench -p trace-core --all-features --bench packets` measures with criterion; with `-- --quick` it
//! takes medians of alternating runs in a few seconds, prints them, and fails where stamping is not at least
//! four times as fast as building, or takes longer than three copies, three measurements long.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput};
use pnet_packet::icmp::{self, IcmpPacket, IcmpTypes};
use pnet_packet::icmpv6::{self, Icmpv6Packet, Icmpv6Types};
use pnet_packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols};
use pnet_packet::ipv4::{self, MutableIpv4Packet};
use pnet_packet::ipv6::MutableIpv6Packet;
use pnet_packet::tcp::{self, MutableTcpPacket, TcpFlags};
use pnet_packet::udp::{self, MutableUdpPacket};
use trace_core::carrier::smallest;
use trace_core::engine::ProbeId;
use trace_core::model::{Family, Protocol, Ttl};
use trace_core::wire::checksum::Sum;
use trace_core::wire::{Headers, Template, ip_header};

/// How many times as fast as building stamping must be.
const AT_LEAST: f64 = 4.0;
/// How many copies stamping may take.
const AT_MOST: f64 = 3.0;
const RUNS: usize = 9;
const ATTEMPTS: usize = 3;
const TURNS_A_RUN: u32 = 100;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let cases = cases()?;
    for case in &cases {
        case.assert_equal_bytes()?;
    }
    if std::env::args().any(|argument| argument == "--quick") {
        return Ok(quick(&cases)?);
    }
    let mut criterion = Criterion::default().configure_from_args();
    for case in &cases {
        let mut group = criterion.benchmark_group("probe");
        group.throughput(Throughput::Elements(ProbeId::COUNT.into()));
        group.bench_function(BenchmarkId::new("stamped", &case.name), |bencher| {
            let mut stamper = case.stamper();
            bencher.iter(|| stamper.run());
        });
        group.bench_function(BenchmarkId::new("built", &case.name), |bencher| {
            let mut builder = case.builder();
            bencher.iter(|| builder.run());
        });
        group.bench_function(BenchmarkId::new("copied", &case.name), |bencher| {
            let mut copier = case.copier();
            bencher.iter(|| copier.run());
        });
        group.finish();
    }
    criterion.final_summary();
    Ok(ExitCode::SUCCESS)
}

/// Prints medians and fails where stamping is too slow.
fn quick(cases: &[Case]) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{:<12}{:>6}{:>12}{:>10}{:>11}{:>15}{:>16}",
        "probe", "bytes", "stamped ns", "built ns", "copied ns", "built/stamped", "stamped/copied"
    )?;
    let mut slow = false;
    for case in cases {
        // Another program that takes the processor disturbs one measurement; slow stamping, all of them.
        let mut medians = case.medians();
        for _ in 1..ATTEMPTS {
            if !medians.are_well() {
                medians = case.medians();
            }
        }
        slow |= !medians.are_well();
        let (gain, copies) = (medians.gain(), medians.copies());
        let (bytes, Medians { stamped, built, copied }) = (case.packet.len(), medians);
        writeln!(
            out,
            "{:<12}{bytes:>6}{stamped:>12.2}{built:>10.2}{copied:>11.2}{gain:>15.1}{copies:>16.1}",
            case.name
        )?;
    }
    if slow {
        writeln!(
            io::stderr(),
            "stamping must be at least {AT_LEAST} times as fast as building, and take {AT_MOST} copies at most"
        )?;
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn median(mut runs: Vec<f64>) -> f64 {
    runs.sort_unstable_by(f64::total_cmp);
    runs.get(runs.len() / 2).copied().unwrap_or(f64::NAN)
}

/// One kind of probe.
struct Case {
    name: String,
    headers: Headers,
    template: Template,
    packet: Vec<u8>,
}

fn cases() -> Result<Vec<Case>, Box<dyn Error>> {
    let mut cases = Vec::new();
    for protocol in Protocol::ALL {
        for family in Family::ALL {
            let (source, destination) = match family {
                Family::V4 => ("192.0.2.1", "198.51.100.80"),
                Family::V6 => ("2001:db8::1", "2001:db8:2::80"),
            };
            let headers = Headers {
                source: source.parse()?,
                destination: destination.parse()?,
                protocol: *protocol,
                identity: 33_333,
                destination_port: if *protocol == Protocol::Icmp { 0 } else { 33_434 },
                // All of one length, so that the three ways do the same work.
                size: Some(smallest(*protocol, *family)),
                tos: 0,
                flow_label: 0x1_2345,
                dont_fragment: false,
            };
            let mut template = Template::new(&headers)?;
            let Some(id) = ProbeId::new(1) else { continue };
            let packet = template.stamp(Ttl::MIN, id, false).to_vec();
            cases.push(Case { name: format!("{protocol} {family}"), headers, template, packet });
        }
    }
    Ok(cases)
}

/// Nanoseconds a probe.
struct Medians {
    stamped: f64,
    built: f64,
    copied: f64,
}

impl Medians {
    /// How many times as fast as building stamping is.
    fn gain(&self) -> f64 {
        self.built / self.stamped
    }

    /// How many copies stamping takes.
    fn copies(&self) -> f64 {
        self.stamped / self.copied
    }

    fn are_well(&self) -> bool {
        self.gain() >= AT_LEAST && self.copies() <= AT_MOST
    }
}

impl Case {
    /// The three ways in turn, several times.
    fn medians(&self) -> Medians {
        let (mut stamped, mut built, mut copied) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            stamped.push(self.stamper().time());
            built.push(self.builder().time());
            copied.push(self.copier().time());
        }
        Medians { stamped: median(stamped), built: median(built), copied: median(copied) }
    }

    fn stamper(&self) -> Runner<impl FnMut(Ttl, ProbeId)> {
        let mut template = self.template.clone();
        Runner::new(move |ttl, id| {
            black_box(template.stamp(ttl, id, false));
        })
    }

    fn builder(&self) -> Runner<impl FnMut(Ttl, ProbeId)> {
        let headers = self.headers;
        let mut buffer = vec![0; self.packet.len()];
        Runner::new(move |ttl, id| {
            build(&headers, ttl, id, &mut buffer);
            black_box(&buffer);
        })
    }

    fn copier(&self) -> Runner<impl FnMut(Ttl, ProbeId)> {
        let (packet, mut buffer) = (self.packet.clone(), self.packet.clone());
        Runner::new(move |_, _| {
            buffer.copy_from_slice(black_box(&packet));
            black_box(&buffer);
        })
    }

    /// The two ways are compared only if they make the same.
    fn assert_equal_bytes(&self) -> Result<(), String> {
        let mut template = self.template.clone();
        for (ttl, id) in numbers() {
            let stamped = template.stamp(ttl, id, false);
            let mut built = vec![0; stamped.len()];
            build(&self.headers, ttl, id, &mut built);
            if stamped != built {
                return Err(format!("{}: stamped {stamped:02x?} but built {built:02x?}", self.name));
            }
        }
        Ok(())
    }
}

/// Does one thing for one probe after the other.
struct Runner<F> {
    make: F,
    numbers: Vec<(Ttl, ProbeId)>,
}

impl<F: FnMut(Ttl, ProbeId)> Runner<F> {
    fn new(make: F) -> Self {
        Self { make, numbers: numbers() }
    }

    /// All numbers in turn.
    #[inline]
    fn run(&mut self) {
        for (ttl, id) in &self.numbers {
            (self.make)(*ttl, *id);
        }
    }

    /// The time that one probe takes, in nanoseconds.
    fn time(mut self) -> f64 {
        self.run();
        let start = Instant::now();
        for _ in 0..TURNS_A_RUN {
            self.run();
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(TURNS_A_RUN) / f64::from(ProbeId::COUNT)
    }
}

/// TTLs and ids as they follow each other.
fn numbers() -> Vec<(Ttl, ProbeId)> {
    let ids = (1..=ProbeId::COUNT).filter_map(ProbeId::new);
    let ttls = (1..=32).cycle().filter_map(Ttl::new);
    ttls.zip(ids).collect()
}

/// Builds a probe as one does with `pnet_packet`: header by header, each checksum over everything.
#[inline(never)]
fn build(headers: &Headers, ttl: Ttl, id: ProbeId, buffer: &mut [u8]) {
    buffer.fill(0);
    let family = Family::of(headers.destination);
    let (ip, packet) = buffer.split_at_mut(usize::from(ip_header(family)));
    let length = u16::try_from(packet.len()).unwrap_or(u16::MAX);
    let next = match (headers.protocol, family) {
        (Protocol::Icmp, Family::V4) => IpNextHeaderProtocols::Icmp,
        (Protocol::Icmp, Family::V6) => IpNextHeaderProtocols::Icmpv6,
        (Protocol::Udp, _) => IpNextHeaderProtocols::Udp,
        (Protocol::Tcp, _) => IpNextHeaderProtocols::Tcp,
    };
    build_ip(headers, ttl, id, length, next, ip);
    match headers.protocol {
        Protocol::Icmp => build_icmp(headers, id, packet),
        Protocol::Udp => build_udp(headers, ttl, id, length, packet),
        Protocol::Tcp => build_tcp(headers, id, packet),
    }
}

fn build_ip(
    headers: &Headers,
    ttl: Ttl,
    id: ProbeId,
    length: u16,
    next: IpNextHeaderProtocol,
    bytes: &mut [u8],
) {
    match (headers.source, headers.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            if let Some(mut header) = MutableIpv4Packet::new(bytes) {
                header.set_version(4);
                header.set_header_length(5);
                header.set_dscp(headers.tos >> 2);
                header.set_ecn(headers.tos & 3);
                header.set_total_length(20 + length);
                header.set_identification(id.get());
                header.set_ttl(ttl.get());
                header.set_next_level_protocol(next);
                header.set_source(source);
                header.set_destination(destination);
                header.set_checksum(ipv4::checksum(&header.to_immutable()));
            }
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            if let Some(mut header) = MutableIpv6Packet::new(bytes) {
                header.set_version(6);
                header.set_traffic_class(headers.tos);
                header.set_flow_label(headers.flow_label);
                header.set_payload_length(length);
                header.set_next_header(next);
                header.set_hop_limit(ttl.get());
                header.set_source(source);
                header.set_destination(destination);
            }
        }
        _ => {}
    }
}

fn build_icmp(headers: &Headers, id: ProbeId, bytes: &mut [u8]) {
    let balance = (!id.get()).to_be_bytes();
    match (headers.source, headers.destination) {
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            if let Some(mut request) = icmpv6::echo_request::MutableEchoRequestPacket::new(bytes) {
                request.set_icmpv6_type(Icmpv6Types::EchoRequest);
                request.set_identifier(headers.identity);
                request.set_sequence_number(id.get());
                request.set_payload(&balance);
            }
            let checksum =
                Icmpv6Packet::new(bytes).map(|packet| icmpv6::checksum(&packet, &source, &destination));
            if let (Some(mut packet), Some(checksum)) = (icmpv6::MutableIcmpv6Packet::new(bytes), checksum) {
                packet.set_checksum(checksum);
            }
        }
        _ => {
            if let Some(mut request) = icmp::echo_request::MutableEchoRequestPacket::new(bytes) {
                request.set_icmp_type(IcmpTypes::EchoRequest);
                request.set_identifier(headers.identity);
                request.set_sequence_number(id.get());
                request.set_payload(&balance);
            }
            let checksum = IcmpPacket::new(bytes).map(|packet| icmp::checksum(&packet));
            if let (Some(mut packet), Some(checksum)) = (icmp::MutableIcmpPacket::new(bytes), checksum) {
                packet.set_checksum(checksum);
            }
        }
    }
}

fn build_udp(headers: &Headers, ttl: Ttl, id: ProbeId, length: u16, bytes: &mut [u8]) {
    let [high, low] = id.get().to_be_bytes();
    if let Some(mut datagram) = MutableUdpPacket::new(bytes) {
        datagram.set_source(headers.identity);
        datagram.set_destination(headers.destination_port);
        datagram.set_length(length);
        datagram.set_payload(&[b't', b'r', high, low, ttl.get(), 0, 0, 0]);
        let checksum = match (headers.source, headers.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                udp::ipv4_checksum(&datagram.to_immutable(), &source, &destination)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                udp::ipv6_checksum(&datagram.to_immutable(), &source, &destination)
            }
            _ => 0,
        };
        // The checksum is to be the id; the balance takes what it would have been.
        let [balance_0, balance_1] = Sum::ZERO.word(checksum).word(!id.get()).fold().to_be_bytes();
        datagram.set_checksum(id.get());
        datagram.set_payload(&[b't', b'r', high, low, ttl.get(), 0, balance_0, balance_1]);
    }
}

fn build_tcp(headers: &Headers, id: ProbeId, bytes: &mut [u8]) {
    if let Some(mut segment) = MutableTcpPacket::new(bytes) {
        segment.set_source(headers.identity);
        segment.set_destination(headers.destination_port);
        segment.set_sequence((u32::from(headers.identity) << 16) | u32::from(id.get()));
        segment.set_data_offset(5);
        segment.set_flags(TcpFlags::SYN);
        segment.set_window(u16::MAX);
        let checksum = match (headers.source, headers.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                tcp::ipv4_checksum(&segment.to_immutable(), &source, &destination)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                tcp::ipv6_checksum(&segment.to_immutable(), &source, &destination)
            }
            _ => 0,
        };
        segment.set_checksum(checksum);
    }
}
