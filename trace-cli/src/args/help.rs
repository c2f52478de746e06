//! The longer texts of the help.

pub(super) const EXIT_STATUS: &str = "\
Exit status:
  0    done; a trace reached its target
  1    traced, and the target was not reached
  2    what was typed makes no sense
  3    could not probe: name not resolved, no route, not permitted
  4    could not store or read
  130  interrupted; what was measured so far is stored and marked

Of many targets the worst counts, in the order 4, 2, 3, 1, 0.

Environment:
  TRACE_DATA_DIR  where traces are kept, unless --data-dir says so
  TRACE_CONFIG    the config file, unless --config names one
  NO_COLOR        no colours, unless --color says so
  IPGEOLOCATION_API_KEY, IPGEOLOCATION_BASE_URL, MAXMIND_ACCOUNT_ID, MAXMIND_LICENSE_KEY
                  keys for places; also read from a file .env in the data directory, if only you can read it";

pub(super) const TRACE_NOTES: &str = "\
The table has one row a TTL; rows without a number are further routers that answered at that TTL, and * is a \
hop that did not answer. Loss is that of the whole TTL, the times are those of the router on the row. \
Where `limit` stands for it, a router left probes out that those behind it show not to be lost. Notes:
  !H  host unreachable          !X    refused by a filter
  !N  network unreachable       !F    packet too big
  !P  protocol unreachable      !<n>  unreachable with this other code
`show --verdicts` tells the evidence for every note.

With --rounds the columns are those of mtr, and on a terminal keys steer them: q quits, p pauses, r counts from here on, \
n shows names or addresses, d other statistics, ? all keys. With --flows a column says which flows each router \
answered, and which ways they go stands beneath; with --protocol all each protocol has its column, and beneath stands \
how far each gets and where filtering begins.

What leaves this machine: the probes, the question for the name you typed, and questions for the host names of \
global addresses to the system's resolver (--no-dns stops them); and, if you have set a key for ipgeolocation.io, \
global addresses that it was not asked for before (--no-geo stops that). Nothing else.

Exit status:
  0    reached
  1    not reached
  2    what was typed makes no sense
  3    could not probe
  4    could not store; the trace is printed and saved to a file that the message names
  130  interrupted; the trace is stored and marked";

pub(super) const TRACE_NAMES: &str = "\
TRACE is an id, an unambiguous beginning or end of one (lists print the last 8 digits), `latest`, or the path of \
a document file.";

pub(super) const DIFF_NOTES: &str = "\
The same routers stand in one line, however many others came between. - is a hop of the first trace, + one of the second, \
~ one where packets are balanced over several ways, ? one that was silent in one of the traces. Beneath stand the \
networks, cities and countries, and what it comes to:
  same               the same routers answer
  silent-hop         a hop answers in one of the traces only
  rate-limiting      the same, and it is seen to limit its answers
  load-balancing     packets go several ways, and each trace met some of them
  uncertain          the paths part and meet again: load balancing, or another path
  unreached          the path is the same, but one of the traces did not reach the target
  reroute            the path is another one
  different-targets  the traces lead to different targets

A and B are ids, unambiguous beginnings or ends of some (lists print the last 8 digits), `latest`, or paths of document \
files.

Exit status:
  0    the same routers answer
  1    the traces differ
  2    what was typed makes no sense
  4    could not read";

pub(super) const COMPLETIONS: &str = "\
For example:
  trace-cli completions bash > ~/.local/share/bash-completion/completions/trace-cli
  trace-cli completions zsh > ~/.zfunc/_trace-cli
  trace-cli completions fish > ~/.config/fish/completions/trace-cli.fish";

pub(super) const MAN: &str = "For example:\n  trace-cli man trace | man -l -";

/// Version, and whose data are inside.
pub(super) fn long_version() -> String {
    format!(
        "{}\n\n{}; {}\nMap: Natural Earth, public domain. Letters: Noto Sans, SIL Open Font License 1.1.",
        env!("CARGO_PKG_VERSION"),
        trace_geo::builtin::ATTRIBUTION,
        trace_geo::gazetteer::ATTRIBUTION
    )
}
