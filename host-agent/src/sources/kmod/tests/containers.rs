//! What is known of the container of a record, from the ring to the report and to a recording.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::*;
use crate::accounting::{Conservation, Totals};
use crate::recording::{Item, Reader, Writer};
use crate::report::{Report, ReportJson};

const POD: &str = "0a1b2c3d-0000-4000-8000-00000000d317";

/// A control group as kubelet makes it, removed when dropped.
struct Group(Vec<PathBuf>);

impl Group {
    /// Makes one where this machine has version 2, and where we may.
    fn make(id: &str) -> Option<Group> {
        let mounts = fs::read_to_string("/proc/self/mounts").expect("mounts");
        let mut fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let mount = PathBuf::from(fields.find(|fields| fields.get(2) == Some(&"cgroup2"))?[1]);
        let slice = mount.join(format!("kubepods-pod{}.slice", POD.replace('-', "_")));
        let scope = slice.join(format!("cri-containerd-{id}.scope"));
        fs::create_dir_all(&scope).ok()?;
        Some(Group(vec![scope, slice]))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.0.iter().for_each(|path| drop(fs::remove_dir(path)));
    }
}

#[test]
fn containers_have_id_pod_and_path_in_report_and_recording() {
    let id = format!("{:064x}", u128::from(std::process::id()) << 64 | 0xd317);
    let Some(group) = Group::make(&id) else {
        println!("no control group of version 2 can be made here");
        return;
    };
    let cgroup = fs::metadata(&group.0[0]).expect("the group").ino();
    let mut fake = Fake::new(1);
    fake.store();
    let mut source = Kmod::open_at(fake.path(), None).expect("rings");
    fake.produce(0, RingRecord { cgroup, flags: flag::AFTER_T, ..page(1, 1, 0) });
    fake.store();
    let mut writer = Writer::new(Path::new("in-memory.rec"), Vec::new()).expect("memory takes it");
    source.round(&mut writer, &mut |_| ()).expect("a round");
    let bytes = writer.finish(source.captured(), &source.losses()).expect("memory takes it");
    let mut reader = Reader::new(Path::new("in-memory.rec"), &bytes[..]).expect("a recording");
    let Some(Item::Owner(kind, name)) = reader.next_item().expect("an owner") else { panic!("no owner") };
    let Some(Item::Container(_, details)) = reader.next_item().expect("its container") else { panic!("no container") };
    assert_eq!(Some(&*details), source.details(&name).as_ref());
    // The same behind the name in JSON.
    let (mut owners, mut totals) = (Owners::default(), Totals::default());
    let (owner, _) = owners.intern(kind, &name);
    totals.owners.entry(owner).or_default()[Class::PageAfterT as usize].count(4096, true);
    let mut report = Report::new("model", &owners, &totals, Conservation::default());
    report.describe(|name| source.details(name));
    let json = serde_json::to_value(ReportJson::from(&report)).expect("plain data");
    let container = &json["containers"][0];
    assert_eq!((container["id"].as_str(), container["pod"].as_str()), (Some(&*id), Some(POD)), "{json}");
    assert!(container["cgroup"].as_str().is_some_and(|path| path.ends_with(&format!("cri-containerd-{id}.scope"))));
    assert_eq!(container["runtime"], "cri-containerd");
}
