//! A TCP proxy before a server, which loses connections when a test says so.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use url::Url;

use super::Server;

/// A proxy on a loopback port of its own. It and its connections end with this value.
pub(crate) struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    open: Vec<(TcpStream, TcpStream)>,
    /// Bytes until everything is cut.
    left: Option<u64>,
    forwarded: u64,
    accepted: u32,
    cuts: u32,
    refuses: bool,
    stalls: bool,
    over: bool,
}

impl State {
    fn cut(&mut self) {
        self.cuts += 1;
        self.left = None;
        for (client, server) in self.open.drain(..) {
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    }
}

impl Proxy {
    /// Makes one that forwards everything.
    pub(crate) fn before(server: &Server) -> Self {
        let target = server.port();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if lock(&shared).over {
                    break;
                }
                if let Ok(client) = client {
                    let _ = accept(&shared, client, target);
                }
            }
        });
        Self { port, state }
    }

    /// A URL of the server, by way of this proxy.
    pub(crate) fn url(&self, url: &str) -> String {
        let mut url = Url::parse(url).unwrap();
        url.set_port(Some(self.port)).unwrap();
        url.into()
    }

    /// Cuts every open connection. New ones are served.
    pub(crate) fn cut(&self) {
        lock(&self.state).cut();
    }

    /// Cuts every open connection once so many more bytes went through, in either direction; in the
    /// middle of a message where that is where it falls.
    pub(crate) fn cut_after(&self, bytes: u64) {
        lock(&self.state).left = Some(bytes);
    }

    /// Cuts nothing from now on that was to be cut later. Gives how often connections were cut.
    pub(crate) fn keep(&self) -> u32 {
        let mut state = lock(&self.state);
        state.left = None;
        state.cuts
    }

    /// Closes new connections as soon as they are made, or serves them again.
    pub(crate) fn refuse(&self, refuses: bool) {
        lock(&self.state).refuses = refuses;
    }

    /// Holds everything back, or lets it through again.
    pub(crate) fn stall(&self, stalls: bool) {
        lock(&self.state).stalls = stalls;
    }

    /// How often connections were cut.
    pub(crate) fn cuts(&self) -> u32 {
        lock(&self.state).cuts
    }

    /// How many connections were made.
    pub(crate) fn accepted(&self) -> u32 {
        lock(&self.state).accepted
    }

    /// How many bytes went through.
    pub(crate) fn forwarded(&self) -> u64 {
        lock(&self.state).forwarded
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.over = true;
        state.cut();
        drop(state);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(state: &Arc<Mutex<State>>, client: TcpStream, target: u16) -> std::io::Result<()> {
    if lock(state).refuses {
        return client.shutdown(Shutdown::Both);
    }
    let server = TcpStream::connect(("127.0.0.1", target))?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let mut locked = lock(state);
    locked.accepted += 1;
    locked.open.push((client.try_clone()?, server.try_clone()?));
    let made = locked.cuts;
    drop(locked);
    for (from, to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
        let state = state.clone();
        std::thread::spawn(move || {
            forward(&state, made, &from, &to);
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}

/// Forwards one direction of a connection that was made after so many cuts, until the next cut: what
/// a socket has received can still be read when it is shut.
fn forward(state: &Mutex<State>, made: u32, mut from: &TcpStream, mut to: &TcpStream) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        while lock(state).stalls {
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut locked = lock(state);
        if locked.cuts > made {
            return;
        }
        let pass = locked.left.map_or(read, |left| read.min(usize::try_from(left).unwrap_or(read)));
        locked.forwarded += pass as u64;
        if let Some(left) = &mut locked.left {
            *left -= pass as u64;
        }
        let cut = locked.left == Some(0);
        drop(locked);
        if to.write_all(&buffer[..pass]).is_err() {
            return;
        }
        if cut {
            lock(state).cut();
        }
    }
}
