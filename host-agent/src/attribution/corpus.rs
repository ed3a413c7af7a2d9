//! Sixty paths of control groups as they are found on hosts, with what must come of them.

use super::{ContainerKind, describe};

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const POD: &str = "8f3d1c2e-0a1b-4c5d-9e8f-001122334455";
const POD_: &str = "8f3d1c2e_0a1b_4c5d_9e8f_001122334455";

/// Kinds in short.
#[derive(Debug, PartialEq)]
enum Is {
    Container,
    Pod,
    Unit,
    Group,
    Root,
}

/// Path, the part of it that is the row, name, kind. `@I` is an id, `@P` the uid of a pod, `@Q` the same with `_` for `-`.
/// An empty part is the whole path.
#[rustfmt::skip]
const PATHS: [(&str, &str, &str, Is); 60] = [
    // Docker, with both drivers, in a slice, with systemd or Docker inside.
    ("/system.slice/docker-@I.scope", "", "docker/0123456789ab", Is::Container),
    ("/docker/@I", "", "docker/0123456789ab", Is::Container),
    ("/batch.slice/docker-@I.scope", "", "docker/0123456789ab", Is::Container),
    ("/system.slice/docker-@I.scope/init.scope", "/system.slice/docker-@I.scope", "docker/0123456789ab", Is::Container),
    ("/docker/@I/system.slice/cron.service", "/docker/@I", "docker/0123456789ab", Is::Container),
    ("/user.slice/user-1000.slice/user@1000.service/user.slice/docker-@I.scope", "", "docker/0123456789ab", Is::Container),
    ("/actions_job/@I", "", "actions_job/0123456789ab", Is::Container),
    // Podman, with crun's child, as a service, of a user.
    ("/machine.slice/libpod-@I.scope", "", "libpod/0123456789ab", Is::Container),
    ("/machine.slice/libpod-@I.scope/container", "/machine.slice/libpod-@I.scope", "libpod/0123456789ab", Is::Container),
    ("/libpod_parent/libpod-@I", "", "libpod/0123456789ab", Is::Container),
    ("/user.slice/user-7.slice/user@7.service/user.slice/libpod-@I.scope/container", "/user.slice/user-7.slice/user@7.service/user.slice/libpod-@I.scope", "libpod/0123456789ab", Is::Container),
    ("/system.slice/web.service/libpod-payload-@I", "", "libpod-payload/0123456789ab", Is::Container),
    ("/machine.slice/libpod-conmon-@I.scope", "", "libpod-conmon-@I.scope", Is::Unit),
    // containerd and nerdctl without Kubernetes.
    ("/default/@I", "", "default/0123456789ab", Is::Container),
    ("/system.slice/nerdctl-@I.scope", "", "nerdctl/0123456789ab", Is::Container),
    ("/k8s.io/@I", "", "k8s.io/0123456789ab", Is::Container),
    // Kubernetes with containerd, CRI-O, cri-dockerd, and each class of service.
    ("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod@Q.slice/cri-containerd-@I.scope", "", "kubernetes/@P/0123456789ab", Is::Container),
    ("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod@Q.slice/crio-@I.scope", "", "kubernetes/@P/0123456789ab", Is::Container),
    ("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod@Q.slice/crio-@I.scope/container", "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod@Q.slice/crio-@I.scope", "kubernetes/@P/0123456789ab", Is::Container),
    ("/kubepods.slice/kubepods-pod@Q.slice/docker-@I.scope", "", "kubernetes/@P/0123456789ab", Is::Container),
    ("/kubepods.slice/kubepods-pod@Q.slice/cri-containerd-@I.scope/kubelet.slice/x.service", "/kubepods.slice/kubepods-pod@Q.slice/cri-containerd-@I.scope", "kubernetes/@P/0123456789ab", Is::Container),
    ("/kubepods/burstable/pod@P/@I", "", "kubernetes/@P/0123456789ab", Is::Container),
    ("/kubepods/besteffort/pod@P/@I", "", "kubernetes/@P/0123456789ab", Is::Container),
    ("/kubepods/pod@P/@I", "", "kubernetes/@P/0123456789ab", Is::Container),
    ("/system.slice/containerd.service/kubepods-burstable-pod@Q.slice:cri-containerd:@I", "", "kubernetes/@P/0123456789ab", Is::Container),
    ("/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod@Q.slice/cri-containerd-@I.scope", "", "kubernetes/@P/0123456789ab", Is::Container),
    ("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod@Q.slice", "", "kubernetes/@P", Is::Pod),
    ("/kubepods/besteffort/pod@P", "", "kubernetes/@P", Is::Pod),
    ("/kubepods.slice/kubepods-burstable.slice", "", "kubepods-burstable.slice", Is::Unit),
    ("/kubepods.slice/crio-conmon-@I.scope", "", "crio-conmon-@I.scope", Is::Unit),
    // LXC, LXD, Incus, nspawn.
    ("/lxc.payload.web/init.scope", "/lxc.payload.web", "lxc/web", Is::Container),
    ("/lxc.payload.web/system.slice/nginx.service", "/lxc.payload.web", "lxc/web", Is::Container),
    ("/lxc/web", "", "lxc/web", Is::Container),
    ("/lxc.monitor.web", "", "lxc.monitor.web", Is::Group),
    ("/machine.slice/systemd-nspawn@web.service/payload", "/machine.slice/systemd-nspawn@web.service", "systemd-nspawn@web.service", Is::Unit),
    ("/machine.slice/systemd-nspawn@web.service/supervisor", "/machine.slice/systemd-nspawn@web.service", "systemd-nspawn@web.service", Is::Unit),
    ("/machine.slice/machine-my\\x2dbox.scope", "", "machine-my-box.scope", Is::Unit),
    ("/machine.slice/machine-qemu\\x2d3\\x2dvm.scope/libvirt/emulator", "/machine.slice/machine-qemu\\x2d3\\x2dvm.scope", "machine-qemu-3-vm.scope", Is::Unit),
    // Units of systemd, and what a unit delegates.
    ("/system.slice/nginx.service", "", "nginx.service", Is::Unit),
    ("/system.slice/system-getty.slice/getty@tty1.service", "", "getty@tty1.service", Is::Unit),
    ("/system.slice/nginx.service/worker", "/system.slice/nginx.service", "nginx.service", Is::Unit),
    ("/init.scope", "", "init.scope", Is::Unit),
    ("/system.slice", "", "system.slice", Is::Unit),
    ("/-.slice", "", "-.slice", Is::Unit),
    ("/user.slice/user-1000.slice/session-3.scope", "", "user-1000/session-3.scope", Is::Unit),
    ("/user.slice/user-1000.slice/user@1000.service/app.slice/app-vi.scope", "", "user-1000/app-vi.scope", Is::Unit),
    ("/user.slice/user-1000.slice/user@1000.service/init.scope", "", "user-1000/init.scope", Is::Unit),
    ("/user.slice/user-1000.slice/user@1000.service", "", "user-1000/user@1000.service", Is::Unit),
    ("/system.slice/slurmstepd.scope/job_17/step_0/user/task_0", "/system.slice/slurmstepd.scope/job_17", "slurmstepd.scope/job_17", Is::Group),
    ("/system.slice/slurmstepd.scope/job_18/step_batch", "/system.slice/slurmstepd.scope/job_18", "slurmstepd.scope/job_18", Is::Group),
    ("/system.slice/slurmstepd.scope/system", "/system.slice/slurmstepd.scope", "slurmstepd.scope", Is::Unit),
    ("/system.slice/condor.service/htcondor/condor_execute_slot1_2@node", "", "condor.service/htcondor/condor_execute_slot1_2@node", Is::Group),
    ("/system.slice/garden.service/garden/8f3d1c2e-0a1b", "", "garden.service/garden/8f3d1c2e-0a1b", Is::Group),
    ("/system.slice/gitlab-runner.service/job-991/build", "/system.slice/gitlab-runner.service/job-991", "gitlab-runner.service/job-991", Is::Group),
    // Groups of other makers, of version 1 too.
    ("/slurm/uid_1001/job_17/step_0/task_0", "", "slurm/uid_1001/job_17/step_0/task_0", Is::Group),
    ("/htcondor/condor_execute_slot1_2@node", "", "htcondor/condor_execute_slot1_2@node", Is::Group),
    ("/garden/8f3d1c2e-0a1b", "", "garden/8f3d1c2e-0a1b", Is::Group),
    ("/process_api/28b7de82e1993e96f3d9380318182b9f", "", "process_api/28b7de82e1993e96f3d9380318182b9f", Is::Group),
    ("/../../other.slice/b.service", "", "b.service", Is::Unit),
    ("/", "", "/", Is::Root),
];

#[test]
fn paths_of_the_corpus_have_their_rows_and_names() {
    let whole = |text: &str| text.replace("@I", ID).replace("@P", POD).replace("@Q", POD_);
    for (path, row, name, kind) in PATHS {
        let found = describe(&whole(path));
        let row = if row.is_empty() { path } else { row };
        let is = match found.kind {
            ContainerKind::Container { .. } => Is::Container,
            ContainerKind::Pod { .. } => Is::Pod,
            ContainerKind::Unit => Is::Unit,
            ContainerKind::Group => Is::Group,
            ContainerKind::Root => Is::Root,
            ContainerKind::Unknown => panic!("{path}: a path is never unknown"),
        };
        assert_eq!((found.path, found.name, is), (whole(row), whole(name), kind), "{path}");
        // What the kernel reports of a removed group is not a group of the same name that lives.
        let removed = describe(&format!("{} (deleted)", whole(path)));
        assert_eq!(removed.path, whole(row) + " (deleted)");
    }
}
