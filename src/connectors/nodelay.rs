//! Statements that are sent at once.
//!
//! A statement that is larger than a packet ends with a small one. TCP holds that back until what
//! came before is acknowledged, which the other side delays by 40 ms: `TCP_NODELAY` is for such
//! conversations. sqlx 0.9.0 does not set it (<https://github.com/transact-rs/sqlx/issues/4335>), nor
//! does it give its sockets out, so they are looked for among the files that this process has open.

/// Has what is sent to servers at this port sent at once, on all connections that are open. Where
/// the system has no way to do it, statements only take longer.
#[cfg(target_os = "linux")]
pub(crate) fn send_at_once(port: u16) {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

    let Ok(this) = pidfd_open(getpid(), PidfdFlags::empty()) else { return };
    let Ok(files) = std::fs::read_dir("/proc/self/fd") else { return };
    for file in files.flatten() {
        let number = file.file_name().to_str().and_then(|name| name.parse().ok());
        let kind = std::fs::read_link(file.path()).unwrap_or_default();
        let (Some(number), true) = (number, kind.to_string_lossy().starts_with("socket:")) else {
            continue;
        };
        let Ok(socket) = pidfd_getfd(&this, number, PidfdGetfdFlags::empty()) else { continue };
        let other = rustix::net::getpeername(&socket).ok().flatten();
        let other = other.and_then(|address| std::net::SocketAddr::try_from(address).ok());
        if other.is_some_and(|address| address.port() == port) {
            let _ = rustix::net::sockopt::set_tcp_nodelay(&socket, true);
        }
    }
}

/// The system has no way to do it.
#[cfg(not(target_os = "linux"))]
pub(crate) fn send_at_once(_port: u16) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn only_connections_to_the_port_are_set() {
        let servers = [0, 1].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let [asked, other] = servers.each_ref().map(|server| server.local_addr().unwrap());
        let [asked_of, not_asked_of] = [asked, other].map(|at| TcpStream::connect(at).unwrap());
        assert!(!asked_of.nodelay().unwrap());
        send_at_once(asked.port());
        assert!(asked_of.nodelay().unwrap());
        assert!(!not_asked_of.nodelay().unwrap());
    }
}
