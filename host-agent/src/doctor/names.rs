//! Where the names of containers come from.

use super::finding::Finding;
use super::{Context, Probe};
use crate::runtimes::{Look, Places, look_at_docker, look_at_podman, look_at_sockets};

const WHY: &str = "containers are called by their names, and by the ids in their paths where no runtime names them";

pub(super) const PROBES: &[Probe] = &[
    Probe { name: "names_cri", why: WHY, look: cri },
    Probe { name: "names_docker", why: WHY, look: |context| of_state(context, "Docker", look_at_docker) },
    Probe { name: "names_podman", why: WHY, look: |context| of_state(context, "Podman", look_at_podman) },
];

fn containers(known: &[(String, usize)]) -> String {
    let known: Vec<String> = known.iter().map(|(name, count)| format!("{name} answers, containers: {count}")).collect();
    known.join(", ")
}

fn cri(context: &Context<'_>) -> Finding {
    let places = context.machine.places();
    match look_at_sockets(&places) {
        Look { known, failed } if !failed.is_empty() => Finding::warning(
            [failed.join("; "), containers(&known)]
                .iter()
                .filter(|part| !part.is_empty())
                .cloned()
                .collect::<Vec<_>>()
                .join("; "),
            "start the runtime, run as root, and mount the folder of the socket into the agent's container",
        ),
        Look { known, .. } if !known.is_empty() => Finding::ok(containers(&known)),
        _ if places.has_kubelet() => Finding::warning(
            "there is a kubelet and no socket of a container runtime",
            "name the socket with --cri, and give --host-root where the host's folders are mounted",
        ),
        _ => Finding::ok("no container runtime has a socket here"),
    }
}

fn of_state(context: &Context<'_>, runtime: &str, look: fn(&Places) -> Look) -> Finding {
    let Look { known, failed } = look(&context.machine.places());
    match (failed.is_empty(), known.first()) {
        (false, _) => Finding::warning(failed.join("; "), "run as root, and with the state folder mounted where it is"),
        (true, Some((_, count))) => Finding::ok(format!("containers with a name: {count}")),
        (true, None) => Finding::ok(format!("no state of {runtime} is here")),
    }
}
