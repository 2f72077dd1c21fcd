//! The ceiling: a UDP echo that flips the QR bit, with the same batched calls as the server's.
//! `benches/side_by_side/run.py` starts it beside Trackless and its peers; alone:
//! `cargo bench --bench echo -- 127.0.0.1:5399`.

#![allow(unsafe_code)]

use std::mem;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::ptr;

const BATCH: usize = 32;
const ROOM: usize = 1_600;

fn main() {
    let Some(address) = std::env::args().find(|argument| argument.contains(':')) else {
        eprintln!("echo: give an address, as in: cargo bench --bench echo -- 127.0.0.1:5399");
        return;
    };
    let socket = socket2::Socket::from(UdpSocket::bind(&address).expect("the address is free"));
    let _ = socket.set_recv_buffer_size(4 << 20);
    let socket = UdpSocket::from(socket);
    let mut packets = Box::new([[0_u8; ROOM]; BATCH]);
    // SAFETY: zero is a value for every field of these C structs.
    let mut names: [libc::sockaddr_in6; BATCH] = unsafe { mem::zeroed() };
    loop {
        let mut iovs = [libc::iovec { iov_base: ptr::null_mut(), iov_len: ROOM }; BATCH];
        // SAFETY: as above.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
        for (index, header) in headers.iter_mut().enumerate() {
            iovs[index].iov_base = packets[index].as_mut_ptr().cast();
            header.msg_hdr.msg_name = ptr::from_mut(&mut names[index]).cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in6>() as u32;
            header.msg_hdr.msg_iov = &mut iovs[index];
            header.msg_hdr.msg_iovlen = 1;
        }
        let (fd, flags) = (socket.as_raw_fd(), libc::MSG_WAITFORONE as _);
        // SAFETY: all pointers lead to buffers of this frame with the lengths given.
        let received = unsafe {
            libc::recvmmsg(fd, headers.as_mut_ptr(), BATCH as u32, flags, ptr::null_mut())
        };
        let received = usize::try_from(received).unwrap_or(0);
        for index in 0..received {
            packets[index][2] |= 0x80;
            iovs[index].iov_len = headers[index].msg_len as usize;
        }
        // SAFETY: as above.
        unsafe { libc::sendmmsg(fd, headers.as_mut_ptr(), received as u32, 0) };
    }
}
