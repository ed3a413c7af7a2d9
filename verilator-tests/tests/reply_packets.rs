//! `reply_packets.v`: TLAST on every end-of-batch beat and on the beat that fills a packet; marks beside it.
#![cfg(feature = "verilate")]

use deltascope_abi::DEFAULT_REPLY_PACKET;
use deltascope_sim::bench::Failure;
use deltascope_sim::flow::{Flow, Pattern};
use deltascope_sim::session::{self, Session};
use deltascope_sim::stream::{Beat, Sink, Source, StreamPorts};

fn lockstep(session: &mut Session) -> Result<(), Failure> {
    let mut bench = session.bench("reply_packets")?;
    let random = &mut session.random;
    let dut = bench.dut();
    let [batch_end, snapshot_end, mark, open] =
        ["s_batch_end", "s_snapshot_end", "m_mark", "packet_open"].map(|name| dut.port(name));
    let (batch_end, snapshot_end, mark, open) = (batch_end?, snapshot_end?, mark?, open?);
    let mut source = Source::new(StreamPorts::axis(dut, "s")?, Flow::always(), random);
    let mut sink = Sink::new(StreamPorts::axis(dut, "m")?, Flow::always());
    bench.reset(2)?;
    let (mut filled, mut both) = (0, 0);
    for input in Pattern::KINDS {
        for output in Pattern::KINDS {
            source.set_flow(Flow::new(input, random));
            sink.set_flow(Flow::new(output, random));
            // Batches near the packet's length, so that both ends meet; or short, or very long ones.
            let gap = random.pick(&[1, 3, 255, 256, 257, 100_000]);
            let (mut since, mut since_batch) = (0, 0);
            let mut ends = [false, false];
            for _ in 0..6_000 {
                if source.waiting() == 0 {
                    source.push(Beat { data: random.next128(), last: false });
                    since_batch += 1;
                    ends = [since_batch >= gap, random.one_in(50)];
                    if ends[0] {
                        since_batch = 0;
                    }
                }
                source.drive(&mut bench);
                let shown = if source.offering() { ends } else { [random.one_in(2), random.one_in(2)] };
                bench.dut_mut().set(batch_end, u64::from(shown[0]));
                bench.dut_mut().set(snapshot_end, u64::from(shown[1]));
                sink.drive(&mut bench);
                bench.settle()?;
                bench.expect("packet_open", bench.dut().high(open), since > 0)?;
                let sent = source.sample(&bench);
                let found = sink.sample(&bench)?;
                let fills = since + 1 == DEFAULT_REPLY_PACKET;
                let last = ends[0] || fills;
                bench.expect("beat", found, sent.map(|beat| Beat { data: beat.data, last }))?;
                if found.is_some() {
                    bench.expect("mark", bench.dut().get(mark), u64::from(ends[1]) | u64::from(ends[0]) << 1)?;
                    filled += u64::from(fills);
                    both += u64::from(fills && ends[0]);
                    since = if last { 0 } else { since + 1 };
                }
                bench.edge();
            }
            // A reset inside a packet and with a beat offered.
            source.clear();
            sink.clear();
            bench.reset(1)?;
        }
    }
    assert!(filled > 50 && both > 0, "filled {filled}, both {both}");
    Ok(())
}

#[test]
fn closes_packets() {
    session::check("reply_packets", 3, lockstep);
}
