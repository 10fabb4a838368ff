package import Basics
import Postgres
package import Transit

/// What the deny list that a validator used said of a tap's medium, and which list was the newest then.
package struct TapListing: Sendable, Equatable {
  /// A version of the list, and whether the medium was on it.
  package struct List: Sendable, Equatable {
    package let version: Int64
    /// Nil of a version that is not known here, as one of before a restore.
    package let madeAt: Instant?
    /// Nil where it is not known.
    package let isListed: Bool?
  }

  package let at: Instant
  package let medium: MediumKind
  package let isAccepted: Bool
  /// Why the validator let nobody on, in its own word.
  package let denyReason: String?
  /// The list that the validator used; nil where its batch names none.
  package let used: List?
  /// The newest list that was made by the time of the tap; nil where there was none, or it is not known.
  package let newest: List?
  /// Whether it is known which one that was: not behind the last version of a backup that was restored, for those
  /// that were made until the restore are gone.
  package let isNewestKnown: Bool
}

extension TapAuditTables {
  /// What is known of a tap and the deny list; nil for one that reached no rider yet.
  package func listing(of name: TapName) async throws -> TapListing? {
    let rows = try await connection.query(
      """
      select t.tapped_at, t.medium, t.accepted, t.deny_reason, t.deny_list_version, (
          select made_at from deny_list_version where version = t.deny_list_version) as made_at,
        \(Self.wasListed) as was_listed, n.version as newest, n.made_at as newest_made_at,
        \(Self.isListed(in: "n.version")) as is_in_newest, (
          -- A version that changes nothing begins another line, after a restore.
          select added = 0 and removed = 0 from deny_list_version
          where version > coalesce(n.version, 0) order by version limit 1) as is_newest_lost
      from tap t
      left join medium m on m.medium_id = t.medium_id
      left join deny_list l on l.fingerprint = m.fingerprint
      left join lateral (
        select version, made_at from deny_list_version where made_at <= t.tapped_at
        order by version desc limit 1) n on true
      where t.device_id = $1 and t.epoch = $2 and t.seq = $3 limit 1
      """, [.text(name.device), .int8(name.epoch), .int8(name.seq)])
    return try rows.onlyOrNil().map { row in
      let isNewestKnown = try row.boolOrNil("is_newest_lost") != true
      return TapListing(
        at: try row.timestamptz("tapped_at"), medium: try row.word("medium"),
        isAccepted: try row.bool("accepted"), denyReason: try row.textOrNil("deny_reason"),
        used: try row.int8OrNil("deny_list_version").map { version in
          TapListing.List(
            version: version, madeAt: try row.timestamptzOrNil("made_at"),
            isListed: try row.boolOrNil("was_listed"))
        },
        newest: try !isNewestKnown
          ? nil
          : row.int8OrNil("newest").map { version in
            TapListing.List(
              version: version, madeAt: try row.timestamptzOrNil("newest_made_at"),
              isListed: try row.boolOrNil("is_in_newest"))
          }, isNewestKnown: isNewestKnown)
    }
  }
}
