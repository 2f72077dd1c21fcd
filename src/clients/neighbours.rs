//! The kernel's neighbour table: which address is of which network card.

use std::io;
use std::net::IpAddr;
use std::pin::pin;

use futures_util::{Stream, StreamExt as _};
use rtnetlink::packet_core::{NetlinkMessage, NetlinkPayload};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState,
};
use rtnetlink::{MulticastGroup, new_multicast_connection};

use super::Directory;
use crate::clock::Moment;
use crate::config::Mac;

/// Keeps `directory` up to date for as long as the kernel tells. Changes come within a millisecond:
/// a neighbour is there before its first query, which it can only send once it has our address.
///
/// # Errors
/// The kernel does not tell, or does not go on.
pub(super) async fn follow(directory: &Directory) -> io::Result<()> {
    let (connection, handle, changes) = new_multicast_connection(&[MulticastGroup::Neigh])?;
    let connection = tokio::spawn(connection);
    // Told of changes first: what changes while the table is read comes twice rather than never.
    let mut table = pin!(handle.neighbours().get().execute());
    while let Some(entry) = table.next().await {
        let entry = entry.map_err(io::Error::other)?;
        directory.network_says(card_of(&entry).into_iter(), Moment::now().steady.as_secs());
    }
    follow_changes(pin!(changes), directory).await;
    connection.abort();
    Err(io::Error::other("the kernel tells no more of neighbours"))
}

async fn follow_changes<S, A>(mut changes: S, directory: &Directory)
where
    S: Stream<Item = (NetlinkMessage<RouteNetlinkMessage>, A)> + Unpin,
{
    while let Some((message, _)) = changes.next().await {
        let NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewNeighbour(entry)) =
            message.payload
        else {
            continue;
        };
        directory.network_says(card_of(&entry).into_iter(), Moment::now().steady.as_secs());
    }
}

/// Address and card of an entry that has both; some cards, as those of tunnels, have no address of
/// six octets.
fn card_of(entry: &NeighbourMessage) -> Option<(IpAddr, Mac)> {
    if entry.header.state == NeighbourState::Failed {
        return None;
    }
    let (mut address, mut card) = (None, None);
    for attribute in &entry.attributes {
        match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(v4)) => {
                address = Some(IpAddr::V4(*v4));
            }
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(v6)) => {
                address = Some(IpAddr::V6(*v6));
            }
            NeighbourAttribute::LinkLayerAddress(octets) => {
                card = <[u8; 6]>::try_from(octets.as_slice()).ok();
            }
            _ => {}
        }
    }
    let card = card.filter(|card| *card != [0; 6] && card[0] & 1 == 0)?;
    Some((address?.to_canonical(), Mac(card)))
}
