//! Writes the committed corpora: a few small inputs for each target, made with the product's own encoders.

use deltascope_abi::record::{Class, Record};
use deltascope_abi::reply::Reply;
use deltascope_fuzz::{TARGETS, sealed_chunk};
use std::fs;
use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in TARGETS {
        fs::create_dir_all(folder.join(target))?;
        for (number, bytes) in seeds(target).iter().enumerate() {
            fs::write(folder.join(target).join(format!("seed-{number}")), bytes)?;
        }
    }
    Ok(())
}

/// A frame of every kind: those of the conformance vectors.
fn frames() -> Vec<Vec<u8>> {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../protocol/vectors/frames.json")).unwrap_or_default();
    let digits = |frame: &serde_json::Value| frame["hex"].as_str().unwrap_or_default().to_owned();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16).unwrap_or_default();
    let frames = vectors["frames"].as_array().into_iter().flatten();
    frames.map(|frame| digits(frame).as_bytes().chunks(2).map(byte).collect()).collect()
}

fn records() -> Vec<u8> {
    let records = [
        Record::pair(1, Class::PageAfterT, 4_096, 5, 5),
        Record::load(2, 9),
        Record::accum(2, 9),
        Record::read(2),
        Record::send(1, 3, 1_500, 7).with_reply(),
        Record::swap(2, 1).with_rebase(),
        Record::query(2, 1),
        Record::snapshot(0, 1),
        Record::sync(77),
    ];
    records.iter().flat_map(|record| record.to_bytes()).collect()
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "frame" => {
            // The second half goes through the path that seals: kind, then body.
            let bodies = frames().into_iter().map(|frame| [&frame[4..5], &frame[8..frame.len() - 4]].concat());
            frames().into_iter().chain(bodies).collect()
        }
        "frame_stream" => vec![[&[5][..], &frames().concat()].concat(), [&[1][..], &frames()[0]].concat()],
        "raw_records" => vec![records(), records()[..40].to_vec()],
        "reply_stream" => {
            let rows = [Reply { head: 7, value: 9 }; 9].map(Reply::to_bytes).concat();
            vec![rows, Reply::end_of_batch(3, 4).to_bytes().to_vec()]
        }
        "recording" => {
            // Kind, number of bytes, bytes: an owner, an event, the end.
            let owner = [&[1, 13][..], &0u32.to_le_bytes(), &1u32.to_le_bytes(), b"/work"].concat();
            let event = [&[2, 32][..], &[1, 0, 0, 0], &[0; 12], &4_096u32.to_le_bytes(), &[0; 12]].concat();
            let end = [&[3, 72][..], &1u64.to_le_bytes(), &1u64.to_le_bytes(), &[0; 56]].concat();
            vec![[owner, event, end].concat(), sealed_chunk(3, &[0; 72])]
        }
        "procfs" => [
            "\u{0}00400000-0040b000 r-xp 00000000 08:01 1234 /bin/cat\n7f00-7f01 rw-p 0 00:00 0 [heap]\n",
            "\u{1}30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n",
            "\u{2}0::/system.slice/docker-0123.scope\n",
            "\u{3}42 (a b) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 99 100 200 18446744073709551615\n",
            "\u{4}Name:\tcat\nPid:\t7\nPPid:\t1\nNSpid:\t7\n",
        ]
        .map(|text| text.as_bytes().to_vec())
        .to_vec(),
        "server" => vec![
            // Connect, Hello, polls, Records, Grow, StateAt, SnapshotRequest; a second peer of another holder; Bye.
            vec![
                50, 9, 200, 3, 0, 1, 2, 0, 0, 0, 1, 6, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 0, 2, 0, 2, 0, 10, 0, 2, 5, 1, 0,
                9, 9, 22, 0, 1, 4, 5, 0, 2, 0, 8, 0, 3, 5, 2, 0, 9, 0, 1, 7, 0, 1, 9, 0, 5, 0, 1, 8, 2, 0, 0, 1, 1, 1,
                6, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0, 2, 0, 9, 0, 0, 2, 0, 3, 0, 2, 0,
            ],
            // Two holders and one place; a peer that does not read.
            vec![
                1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 2, 0, 10, 0, 1, 5, 0, 0, 1, 1, 0,
                0, 1, 1, 1, 6, 1, 1, 0, 0, 0, 1, 2, 1, 1, 1, 0, 2, 0, 10, 0, 0, 0, 3, 0, 2, 0,
            ],
            vec![1, 1, 1, 0, 1, 0, 0, 0, 0, 5, 1, 5, 0, 1, 40, 1, 2, 3, 4, 4, 0, 20, 9, 9, 9, 1, 0, 255, 2, 0],
        ],
        _ => vec![
            // Connect, let Hello go, Welcome, records, let them go, Ack, Snapshot, reconnect under another grant; more groups.
            vec![
                4, 0, 3, 0, 13, 90, 9, 0, 0, 0, 1, 200, 3, 2, 5, 1, 0, 9, 9, 6, 0, 1, 4, 5, 1, 2, 254, 255, 255, 13,
                90, 5, 0, 0, 13, 90, 11, 2, 200, 12, 1, 1, 2, 1, 0, 13, 90, 9, 0, 1, 2, 1, 200, 13, 90,
            ],
            vec![1, 1, 1, 0, 13, 90, 8, 2, 40, 1, 2, 3, 4, 7, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 0, 0, 6, 0, 2, 1],
        ],
    }
}
