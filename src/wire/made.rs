//! Answers of our own making: records of the owner's and lists' rules, aliases before others'
//! answers. Made for one reply, or held for a moment; never on the way of most queries.

use hickory_resolver::proto::op::Message;
use hickory_resolver::proto::rr::rdata::CNAME;
use hickory_resolver::proto::rr::{self as proto, RData, Record};
use hickory_resolver::proto::serialize::binary::BinDecodable as _;

use super::answer::RA;
use super::{Answer, Class, HEADER, Malformed, Name, Rtype, TtlBounds};

impl Answer {
    /// An answer of records that all belong to `name`, each of a type and its data, names in it
    /// uncompressed. `ttl` is in seconds.
    ///
    /// # Errors
    /// More data than a message holds.
    pub fn of_records<'a>(
        name: &Name,
        qtype: Rtype,
        records: impl Iterator<Item = (u16, &'a [u8])>,
        ttl: u32,
    ) -> Result<Self, Malformed> {
        let mut message = vec![0, 0, 0x80, RA, 0, 1, 0, 0, 0, 0, 0, 0];
        message.extend_from_slice(name.wire());
        message.extend_from_slice(&qtype.0.to_be_bytes());
        message.extend_from_slice(&Class::IN.0.to_be_bytes());
        let mut count = 0_u16;
        for (rtype, data) in records {
            count = count.checked_add(1).ok_or(Malformed)?;
            message.extend_from_slice(&[0xc0, HEADER as u8]);
            message.extend_from_slice(&rtype.to_be_bytes());
            message.extend_from_slice(&Class::IN.0.to_be_bytes());
            message.extend_from_slice(&ttl.to_be_bytes());
            message.extend_from_slice(
                &u16::try_from(data.len()).map_err(|_| Malformed)?.to_be_bytes(),
            );
            message.extend_from_slice(data);
        }
        message[6..8].copy_from_slice(&count.to_be_bytes());
        Self::read(&message, name, TtlBounds { min: 0, max: ttl, max_negative: ttl })
    }

    /// This answer as one for `name`, of which it is said that its canonical name is the one that
    /// was answered. `age` is in seconds, so is `ttl`, the alias's own.
    ///
    /// # Errors
    /// A message that hickory cannot read, or that grows beyond what a message holds.
    pub fn behind_alias(&self, name: &Name, age: u32, ttl: u32) -> Result<Self, Malformed> {
        let question = self.question();
        let target = question.get(..question.len() - 4).ok_or(Malformed)?;
        let mut message = Message::from_vec(self.message()).map_err(|_| Malformed)?;
        let name_of = |wire: &[u8]| proto::Name::from_bytes(wire).map_err(|_| Malformed);
        let (owner, target) = (name_of(name.wire())?, name_of(target)?);
        let asked = message.queries.first_mut().ok_or(Malformed)?;
        asked.set_name(owner.clone());
        for record in message
            .answers
            .iter_mut()
            .chain(&mut message.authorities)
            .chain(&mut message.additionals)
        {
            record.ttl = record.ttl.saturating_sub(age);
        }
        let alias = Record::from_rdata(owner, ttl, RData::CNAME(CNAME(target)));
        message.answers.insert(0, alias);
        // Nobody signed the alias.
        message.metadata.authentic_data = false;
        let bounds = TtlBounds { min: 0, max: ttl, max_negative: ttl };
        Self::read(&message.to_vec().map_err(|_| Malformed)?, name, bounds)
    }
}
