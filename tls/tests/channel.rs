//! Two ends of a channel, without sockets: what goes in comes out, whatever the pieces, and damage is noticed.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use deltascope_tls::{Authority, Channel, Cipher, Credentials, KeyError, Paths, Rejection, Role, TlsError, Validity};
use rustls::pki_types::ServerName;
use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

struct Ends {
    client: Channel,
    server: Channel,
    _folder: TempDir,
}

fn load(own: std::path::PathBuf, authority: &Authority) -> Credentials {
    Credentials::load(&Paths { own, authority: authority.certificate() }).unwrap()
}

fn ends() -> Ends {
    ends_with(None)
}

/// Two ends, of which the server takes `only` one cipher.
fn ends_with(only: Option<Cipher>) -> Ends {
    let folder = TempDir::new().unwrap();
    let authority = Authority::create(folder.path(), Validity::days(2)).unwrap();
    let server = authority.issue(Role::Server, "Board", &[[10, 0, 0, 7].into()], Validity::days(1)).unwrap();
    let agent = authority.issue(Role::Agent, "web-1", &[], Validity::days(1)).unwrap();
    let mut server = load(server, &authority);
    if let Some(cipher) = only {
        server = server.only(cipher);
    }
    let server = server.server().unwrap();
    let agent = load(agent, &authority).client().unwrap();
    let name = ServerName::try_from("10.0.0.7").unwrap();
    Ends { client: Channel::client(agent, name).unwrap(), server: Channel::server(server).unwrap(), _folder: folder }
}

/// Moves at most `most` bytes from one end to the other; gives how many, and the plaintext that came out.
fn carry(from: &mut Channel, to: &mut Channel, most: usize, out: &mut Vec<u8>) -> Result<usize, TlsError> {
    let space = to.receive_space();
    let count = from.transmit().len().min(most).min(space.len());
    space[..count].copy_from_slice(&from.transmit()[..count]);
    from.advance(count);
    to.received(count);
    to.process(|bytes| out.extend_from_slice(bytes))?;
    Ok(count)
}

fn shake(ends: &mut Ends, piece: usize) {
    let Ends { client, server, .. } = ends;
    let mut early = Vec::new();
    while !(client.is_open() && server.is_open()) {
        let moved =
            carry(client, server, piece, &mut early).unwrap() + carry(server, client, piece, &mut early).unwrap();
        assert!(moved > 0);
    }
    assert!(early.is_empty());
    assert_eq!(server.peer().unwrap().name, "web-1");
    assert_eq!(client.peer().unwrap().name, "board");
}

#[test]
fn bytes_come_out_as_they_went_in_whatever_the_pieces() {
    let data: Vec<u8> = (0..700_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for piece in [1, 7, 1_000, 16_406, 1 << 20] {
        let mut ends = ends();
        shake(&mut ends, piece);
        let Ends { client, server, .. } = &mut ends;
        let length = if piece == 1 { 20_000 } else { data.len() };
        for back in [false, true] {
            let (from, to) = if back { (&mut *server, &mut *client) } else { (&mut *client, &mut *server) };
            let (mut written, mut out) = (0, Vec::new());
            while out.len() < length {
                written += from.write(&data[written..length]).unwrap();
                carry(from, to, piece, &mut out).unwrap();
            }
            assert!(out == data[..length], "pieces of {piece}");
        }
    }
}

#[test]
fn server_chooses_its_fastest_cipher_or_the_only_one_it_takes() {
    let mut found = ends();
    shake(&mut found, 1 << 20);
    assert_eq!(found.server.cipher(), Some(Cipher::fastest_first()[0]));
    for cipher in Cipher::fastest_first() {
        let mut ends = ends_with(Some(cipher));
        shake(&mut ends, 1 << 20);
        assert_eq!((ends.server.cipher(), ends.client.cipher()), (Some(cipher), Some(cipher)));
    }
}

#[test]
fn a_damaged_record_ends_the_session_and_the_end_is_told() {
    let mut ends = ends();
    shake(&mut ends, 1 << 20);
    let Ends { client, server, .. } = &mut ends;
    let mut out = Vec::new();
    client.write(b"whole").unwrap();
    carry(client, server, 1 << 20, &mut out).unwrap();
    assert_eq!(out, b"whole");
    client.write(b"damaged").unwrap();
    let mut bytes = client.transmit().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    server.receive_space()[..bytes.len()].copy_from_slice(&bytes);
    server.received(bytes.len());
    assert!(server.process(|_| panic!("nothing comes out of a damaged record")).is_err());
    let error = carry(server, client, 1 << 20, &mut out);
    assert!(matches!(error, Ok(_) | Err(TlsError::Peer(_))));

    let mut ends = self::ends();
    shake(&mut ends, 1 << 20);
    let Ends { client, server, .. } = &mut ends;
    client.close();
    carry(client, server, 1 << 20, &mut out).unwrap();
    assert!(server.is_closed());
}

#[test]
fn other_protocols_are_told_from_the_first_byte() {
    let mut ends = ends();
    ends.server.receive_space()[..4].copy_from_slice(b"GET ");
    ends.server.received(4);
    let error = ends.server.process(|_| ()).unwrap_err();
    assert_eq!(error.rejection(), Rejection::PlainToTls);
}

#[test]
fn key_files_are_for_their_owner_alone() {
    let folder = TempDir::new().unwrap();
    let authority = Authority::create(folder.path(), Validity::days(2)).unwrap();
    let own = authority.issue(Role::Agent, "web-1", &[], Validity::days(1)).unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&own), mode(&folder.path().join("ca.key"))), (0o600, 0o600));
    let paths = Paths { own: own.clone(), authority: authority.certificate() };
    let identity = Credentials::load(&paths).unwrap().about.identity();
    authority.issue(Role::Agent, "WEB-1", &[], Validity::days(1)).unwrap();
    assert_eq!(Credentials::load(&paths).unwrap().about.identity(), identity, "a renewal is the same identity");
    set_permissions(&own, Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Credentials::load(&paths), Err(KeyError::Loose { mode: 0o644, .. })));
    set_permissions(folder.path().join("ca.key"), Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(Authority::open(folder.path()), Err(KeyError::Loose { mode: 0o640, .. })));
    assert!(matches!(Authority::create(folder.path(), Validity::days(2)), Err(KeyError::Exists { .. })));
    for name in ["", "a/b", "../a", "-a", "ä", "a b"] {
        assert!(matches!(authority.issue(Role::Agent, name, &[], Validity::days(1)), Err(KeyError::Name { .. })));
    }
}

/// Makes the files of one agent, with the mode for each file with a key.
fn apart(folder: &std::path::Path, mode: u32) -> Paths {
    let authority = Authority::create(folder, Validity::days(2)).unwrap();
    let both = std::fs::read_to_string(authority.issue(Role::Agent, "web_1", &[], Validity::days(1)).unwrap()).unwrap();
    let (certificate, key) = both.split_at(both.find("-----BEGIN PRIVATE KEY").unwrap());
    std::fs::write(folder.join("tls.crt"), certificate).unwrap();
    std::fs::write(folder.join("tls.key"), key).unwrap();
    set_permissions(folder.join("tls.crt"), Permissions::from_mode(0o644)).unwrap();
    set_permissions(folder.join("tls.key"), Permissions::from_mode(mode)).unwrap();
    Paths { own: folder.join("tls.crt"), authority: authority.certificate() }
}

#[test]
fn key_beside_its_certificate_is_found_and_guarded() {
    let folder = TempDir::new().unwrap();
    let paths = apart(folder.path(), 0o600);
    assert_eq!(Credentials::load(&paths).unwrap().about.name, "web_1");
    set_permissions(folder.path().join("tls.key"), Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Credentials::load(&paths), Err(KeyError::Loose { mode: 0o644, .. })));
    std::fs::remove_file(folder.path().join("tls.key")).unwrap();
    let text = Credentials::load(&paths).unwrap_err().to_string();
    assert!(text.contains("tls.crt") && text.contains("tls.key") && text.contains("found none"), "{text}");
}

#[test]
fn group_may_read_a_key_of_root_alone() {
    let folder = TempDir::new().unwrap();
    let paths = apart(folder.path(), 0o440);
    let key = folder.path().join("tls.key");
    let root = std::os::unix::fs::MetadataExt::uid(&key.metadata().unwrap()) == 0;
    for mode in [0o440, 0o640] {
        set_permissions(&key, Permissions::from_mode(mode)).unwrap();
        assert_eq!(Credentials::load(&paths).is_ok(), root, "{mode:o}");
    }
    for mode in [0o660, 0o444, 0o604, 0o620] {
        set_permissions(&key, Permissions::from_mode(mode)).unwrap();
        assert!(matches!(Credentials::load(&paths), Err(KeyError::Loose { .. })), "{mode:o}");
    }
    if root {
        // Of another user the group is not a service's own.
        set_permissions(&key, Permissions::from_mode(0o440)).unwrap();
        std::os::unix::fs::chown(&key, Some(65_534), None).unwrap();
        assert!(matches!(Credentials::load(&paths), Err(KeyError::Loose { mode: 0o440, .. })));
    }
}
