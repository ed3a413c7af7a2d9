//! From a process, or the number of a control group, to a container with a readable name.
//!
//! A container is known by its control group: the path in version 2, or, where that states
//! nothing, in version 1 ([`crate::procfs::CgroupPaths::best`]). Its number is the inode of the
//! group's directory in the version 2 hierarchy, which is what the kernel calls the cgroup id;
//! without such a hierarchy there is none. What cannot be resolved is
//! [`ContainerId::UNKNOWN`], never a guess: a short-lived group may be gone before anybody
//! could look at it. A path is never made up from a container's id.

mod fresh_map;
mod groups;
mod path;
mod resolver;
mod walk;

pub use groups::Groups;
pub use path::{ContainerKind, Description, describe};
pub use resolver::{Attribution, AttributionCounts, AttributionLimits, Container, ContainerId, Hierarchy};

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod tests;
