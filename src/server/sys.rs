//! Many datagrams a system call: `recvmmsg` and `sendmmsg` (Linux), with the address that was
//! asked (`IP_PKTINFO`, RFC 3542 section 6), so that a reply leaves from it.
//!
//! All of the server's unsafe code about sockets is here.

#![allow(unsafe_code)]

use std::fmt;
use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd as _};
use std::ptr;

use socket2::Socket;

/// Datagrams taken by one call at most.
pub(super) const BATCH: usize = 32;
/// Room for a query. No common client sends more; what is longer is cut and so malformed.
const QUERY: usize = 1_600;
/// Room for a reply: what never fragments, and a line more so that replies do not all start at the
/// same place of the processor's cache.
const REPLY: usize = crate::wire::UDP_PAYLOAD + 48;
/// Room for one control message with an `in6_pktinfo`.
const CONTROL: usize = 64;

/// Ask the system to tell the address each datagram was sent to.
pub(super) fn tell_destination(socket: &Socket, ipv6: bool) -> io::Result<()> {
    let (level, name) = if ipv6 {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO)
    } else {
        (libc::IPPROTO_IP, libc::IP_PKTINFO)
    };
    let on: libc::c_int = 1;
    // SAFETY: the descriptor is open, and the option's value is an int of the length given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            ptr::from_ref(&on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sockets that systemd has opened for this process; to be called once.
pub(super) fn passed() -> io::Result<Vec<Socket>> {
    let passed = sd_notify::listen_fds()?;
    // SAFETY: systemd has opened these for us alone (sd_listen_fds(3)), `listen_fds` has just found
    // them open, and nothing else of this process knows their numbers.
    Ok(passed.map(|passed| unsafe { Socket::from_raw_fd(passed) }).collect())
}

/// Wakes a thread that waits in [`Batch::receive`]; from then on receiving gives nothing.
pub(super) fn shut(socket: &UdpSocket) {
    // SAFETY: the descriptor is open. An unconnected socket answers ENOTCONN after it has woken
    // whoever waits, which is all that is wanted.
    let _ = unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_RD) };
}

/// Aligned as the system wants control messages.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; CONTROL]);

/// Where a datagram came from and which address it was sent to: where its reply goes.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct ReplyPath {
    address: libc::sockaddr_in6,
    address_len: libc::socklen_t,
    control: Control,
    control_len: usize,
}

impl fmt::Debug for ReplyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A client's address belongs into no log.
        f.write_str("ReplyPath")
    }
}

impl ReplyPath {
    fn new() -> Self {
        // SAFETY: all fields are numbers or arrays of numbers, for which zero is a value.
        unsafe { MaybeUninit::zeroed().assume_init() }
    }

    /// The source address and port; none for a family we never listen on.
    pub(super) fn source(&self) -> Option<(IpAddr, u16)> {
        match i32::from(self.address.sin6_family) {
            libc::AF_INET => {
                // SAFETY: the system wrote a `sockaddr_in` here, which is smaller than the
                // `sockaddr_in6` this is, and has no stricter alignment.
                let address: libc::sockaddr_in =
                    unsafe { ptr::read(ptr::from_ref(&self.address).cast()) };
                let ip = Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr));
                Some((ip.into(), u16::from_be(address.sin_port)))
            }
            libc::AF_INET6 => {
                let ip = Ipv6Addr::from(self.address.sin6_addr.s6_addr);
                Some((ip.into(), u16::from_be(self.address.sin6_port)))
            }
            _ => None,
        }
    }

    /// Makes the control message that said where the datagram was sent to one that says where the
    /// reply is sent from: by address, and by interface only where the address needs it.
    fn turn_around(&mut self) {
        let header = size_of::<libc::cmsghdr>();
        if self.control_len < header {
            self.control_len = 0;
            return;
        }
        // SAFETY: the buffer is aligned for a `cmsghdr` and at least as long.
        let cmsg: libc::cmsghdr = unsafe { ptr::read(self.control.0.as_ptr().cast()) };
        // SAFETY: pure arithmetic.
        let data = unsafe { libc::CMSG_LEN(0) } as usize;
        match (cmsg.cmsg_level, cmsg.cmsg_type) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                // ipi_ifindex comes first; routing decides by the address alone.
                self.control.0[data..data + 4].fill(0);
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                let octets = self.control.0[data..].first_chunk::<16>();
                let address = octets.map_or(Ipv6Addr::UNSPECIFIED, |octets| (*octets).into());
                if !address.is_unicast_link_local() {
                    self.control.0[data + 16..data + 20].fill(0);
                }
            }
            _ => self.control_len = 0,
        }
    }

    fn header(&self, iov: *mut libc::iovec) -> libc::msghdr {
        // SAFETY: all fields are numbers or pointers, for which zero is a value; musl has private
        // padding, so the struct cannot be written out.
        let mut header: libc::msghdr = unsafe { mem::zeroed() };
        header.msg_name = ptr::from_ref(&self.address).cast_mut().cast();
        header.msg_namelen = self.address_len;
        header.msg_iov = iov;
        header.msg_iovlen = 1;
        if self.control_len > 0 {
            header.msg_control = self.control.0.as_ptr().cast_mut().cast();
            header.msg_controllen = self.control_len as _;
        }
        header
    }

    /// Sends `reply` from `socket` along this path. A reply that cannot be sent is lost, as any
    /// datagram may be.
    pub(super) fn send(&self, socket: &UdpSocket, reply: &[u8]) {
        let mut iov =
            libc::iovec { iov_base: reply.as_ptr().cast_mut().cast(), iov_len: reply.len() };
        let header = self.header(&mut iov);
        // SAFETY: the header's pointers lead to `self`, `iov` and `reply`, which live through the
        // call and are only read.
        unsafe { libc::sendmsg(socket.as_raw_fd(), &header, libc::MSG_NOSIGNAL) };
    }
}

/// The buffers of one worker: datagrams in, replies out.
pub(super) struct Batch {
    queries: Box<[[u8; QUERY]; BATCH]>,
    replies: Box<[[u8; REPLY]; BATCH]>,
    paths: Box<[ReplyPath; BATCH]>,
    lens: [usize; BATCH],
    /// Length of each datagram's reply, 0 for none.
    reply_lens: [usize; BATCH],
}

/// One datagram of a batch, and room for its reply.
pub(super) struct Datagram<'a> {
    pub(super) query: &'a [u8],
    pub(super) reply: &'a mut [u8],
    pub(super) path: &'a ReplyPath,
    pub(super) reply_len: &'a mut usize,
}

impl Batch {
    pub(super) fn new() -> Self {
        Self {
            queries: Box::new([[0; QUERY]; BATCH]),
            replies: Box::new([[0; REPLY]; BATCH]),
            paths: Box::new([ReplyPath::new(); BATCH]),
            lens: [0; BATCH],
            reply_lens: [0; BATCH],
        }
    }

    /// Waits for a datagram and takes all that are there, at most [`BATCH`]. Gives 0 after
    /// [`shut`].
    pub(super) fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        let mut iovs = [libc::iovec { iov_base: ptr::null_mut(), iov_len: QUERY }; BATCH];
        // SAFETY: zero is a value for all fields, as in `ReplyPath::header`.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
        for (index, header) in headers.iter_mut().enumerate() {
            let path = &mut self.paths[index];
            iovs[index].iov_base = self.queries[index].as_mut_ptr().cast();
            header.msg_hdr.msg_name = ptr::from_mut(&mut path.address).cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
            header.msg_hdr.msg_iov = &mut iovs[index];
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = path.control.0.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = CONTROL as _;
        }
        // SAFETY: every pointer leads to a buffer of `self` or of this frame with the length given
        // beside it; all of them live through the call and nothing else refers to them meanwhile.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_WAITFORONE as _,
                ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for (index, header) in headers[..count].iter().enumerate() {
            let path = &mut self.paths[index];
            self.lens[index] = (header.msg_len as usize).min(QUERY);
            self.reply_lens[index] = 0;
            path.address_len = header.msg_hdr.msg_namelen;
            path.control_len = header.msg_hdr.msg_controllen as _;
            path.turn_around();
        }
        // After `shut` the system gives one datagram without a sender.
        let real = count > 1 || count == 1 && self.paths[0].address_len > 0;
        Ok(if real { count } else { 0 })
    }

    /// The datagram `index` of those received last.
    pub(super) fn datagram(&mut self, index: usize) -> Datagram<'_> {
        Datagram {
            query: &self.queries[index][..self.lens[index]],
            reply: &mut self.replies[index][..crate::wire::UDP_PAYLOAD],
            path: &self.paths[index],
            reply_len: &mut self.reply_lens[index],
        }
    }

    /// Sends the replies to the first `count` datagrams, where there are any.
    pub(super) fn send(&mut self, socket: &UdpSocket, count: usize) {
        let mut iovs = [libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 }; BATCH];
        // SAFETY: zero is a value for all fields, as in `ReplyPath::header`.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
        let mut filled = 0;
        for index in 0..count {
            let len = self.reply_lens[index];
            if len == 0 {
                continue;
            }
            iovs[filled].iov_base = self.replies[index].as_mut_ptr().cast();
            iovs[filled].iov_len = len;
            headers[filled].msg_hdr = self.paths[index].header(&mut iovs[filled]);
            filled += 1;
        }
        let mut sent = 0;
        while sent < filled {
            let rest = &mut headers[sent..filled];
            // SAFETY: as in `receive`; the buffers are only read.
            let result = unsafe {
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    rest.as_mut_ptr(),
                    rest.len() as libc::c_uint,
                    libc::MSG_NOSIGNAL as _,
                )
            };
            // An error is the first reply's: it is lost, as any datagram may be, the rest goes on.
            sent += usize::try_from(result).unwrap_or(0).max(1);
        }
    }
}
