use core::time::Duration;
use std::collections::{HashMap, HashSet};
use std::io;
use std::net::IpAddr;

use super::event::Answer;
use super::traffic::Traffic;
use super::{Journal, Network, kernel, source};
use crate::Error;
use crate::carrier::{label, smallest};
use crate::engine::{Moment, Probe, TargetIndex};
use crate::link::{Attached, Destination, Identity, Incoming, Link, SendFailure};
use crate::model::{Family, Flow, Mode, Protocol};
use crate::wire::{Headers, Template};

/// The first number given out as an identity.
const FIRST_IDENTITY: u16 = 33_000;
/// What a send costs.
const SEND_COST: Duration = Duration::from_micros(1);

/// A link into a simulated network, in virtual time: the clock moves on only in [`Link::receive`], to what
/// is heard or to the end of the waiting, and by a microsecond with each send.
#[derive(Debug)]
pub struct SimulatedLink {
    mode: Mode,
    now: Moment,
    traffic: Traffic,
    journal: Journal,
    aims: HashMap<TargetIndex, Aim>,
    taken: HashSet<(IpAddr, Protocol, u16)>,
    attempts: u32,
}

#[derive(Debug)]
struct Aim {
    address: IpAddr,
    protocols: &'static [Protocol],
    flows: u16,
    /// In the order of protocols, then of flows.
    identities: Vec<Identity>,
    templates: Vec<Template>,
}

impl SimulatedLink {
    /// A link into `network`. The seed decides all that is random: loss, jitter, and which branch a flow or a
    /// packet takes.
    #[must_use]
    pub fn new(network: Network, seed: u64, mode: Mode) -> Self {
        let journal = Journal::default();
        Self {
            mode,
            now: Moment::ZERO,
            traffic: Traffic::new(network, seed, mode, journal.clone()),
            journal,
            aims: HashMap::new(),
            taken: HashSet::new(),
            attempts: 0,
        }
    }

    /// What happens in the network, readable also after the link has been given away.
    #[must_use]
    pub fn journal(&self) -> Journal {
        self.journal.clone()
    }

    /// The lowest number that no other flow of this address and protocol has.
    fn identity(&mut self, address: IpAddr, protocol: Protocol, flow: Flow) -> Option<Identity> {
        let number =
            (FIRST_IDENTITY..=u16::MAX).find(|number| self.taken.insert((address, protocol, *number)))?;
        Some(Identity { protocol, flow, number })
    }

    fn template(&self, destination: &Destination, identity: &Identity) -> Result<Template, Error> {
        let protocol = identity.protocol;
        let family = Family::of(destination.address);
        let size = match self.mode {
            Mode::Raw => destination.size,
            // Nothing but the payload carries the id there.
            Mode::Unprivileged => Some(destination.size.unwrap_or(smallest(protocol, family))),
        };
        Template::new(&Headers {
            source: source(family),
            destination: destination.address,
            protocol,
            identity: identity.number,
            destination_port: destination.port_of(protocol),
            size,
            tos: destination.tos,
            flow_label: label(destination, identity),
            dont_fragment: destination.dont_fragment,
        })
    }
}

impl Link for SimulatedLink {
    fn mode(&self) -> Mode {
        self.mode
    }

    fn now(&self) -> Moment {
        self.now
    }

    /// A host that the network does not know has no route.
    fn attach(&mut self, target: TargetIndex, destination: &Destination) -> Result<Attached, Error> {
        self.detach(target);
        let address = destination.address;
        let no_route = || Error::NoRoute { address, source: io::ErrorKind::NetworkUnreachable.into() };
        if !self.traffic.network().hosts.contains_key(&address) {
            return Err(no_route());
        }
        let protocols = destination.protocols.list();
        let mut aim = Aim {
            address,
            protocols,
            flows: destination.flows,
            identities: Vec::new(),
            templates: Vec::new(),
        };
        for protocol in protocols {
            for flow in 0..destination.flows {
                let Some(identity) = self.identity(address, *protocol, Flow(flow)) else {
                    self.release(&aim);
                    let source = io::ErrorKind::AddrInUse.into();
                    return Err(Error::System { attempt: "reserve an identity for a flow", source });
                };
                aim.identities.push(identity);
                match self.template(destination, &identity) {
                    Ok(template) => aim.templates.push(template),
                    Err(error) => {
                        self.release(&aim);
                        return Err(error);
                    }
                }
            }
        }
        let identities = aim.identities.clone();
        self.aims.insert(target, aim);
        Ok(Attached { source: source(Family::of(address)), identities, notes: Vec::new() })
    }

    fn detach(&mut self, target: TargetIndex) {
        if let Some(aim) = self.aims.remove(&target) {
            self.release(&aim);
        }
    }

    fn send(&mut self, probe: &Probe) -> Result<Moment, SendFailure> {
        let unknown = || SendFailure::Refused(io::ErrorKind::NotConnected.into());
        self.attempts = self.attempts.wrapping_add(1);
        if self.attempts.checked_rem(self.traffic.network().busy) == Some(0) {
            return Err(SendFailure::Busy);
        }
        let aim = self.aims.get_mut(&probe.target).ok_or_else(unknown)?;
        let template = aim.template(probe).ok_or_else(unknown)?;
        let left = self.now;
        self.traffic.carry(template.stamp(probe.ttl, probe.id, probe.off_flow), probe, left);
        self.now = left + SEND_COST;
        Ok(left)
    }

    fn receive(&mut self, until: Moment, hear: &mut dyn FnMut(Incoming<'_>)) -> Result<(), Error> {
        // What is there already; else, one moment after the other, up to the first that brings something.
        while !self.hear_what_is_there(hear) {
            match self.traffic.next() {
                Some(next) if next <= until => self.now = self.now.max(next),
                _ => {
                    self.now = self.now.max(until);
                    break;
                }
            }
        }
        Ok(())
    }
}

impl SimulatedLink {
    fn release(&mut self, aim: &Aim) {
        for identity in &aim.identities {
            self.taken.remove(&(aim.address, identity.protocol, identity.number));
        }
    }

    fn hear_what_is_there(&mut self, hear: &mut dyn FnMut(Incoming<'_>)) -> bool {
        let mut heard = false;
        while let Some((at, answer)) = self.traffic.happen(self.now) {
            if let Some(answer) = answer {
                self.hand_over(&answer, at, hear);
                heard = true;
            }
        }
        heard
    }

    fn hand_over(&self, answer: &Answer, at: Moment, hear: &mut dyn FnMut(Incoming<'_>)) {
        kernel::hand_over(self.mode, answer, at, hear);
    }
}

impl Aim {
    fn template(&mut self, probe: &Probe) -> Option<&mut Template> {
        let protocol = self.protocols.iter().position(|protocol| *protocol == probe.protocol)?;
        let place = protocol.checked_mul(usize::from(self.flows))?.checked_add(probe.flow.0.into())?;
        (probe.flow.0 < self.flows).then(|| self.templates.get_mut(place)).flatten()
    }
}
