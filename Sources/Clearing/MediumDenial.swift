package import Basics
package import Store

/// Tells validators which media not to let on.
///
/// A medium may be denied for several reasons at once, and is let on again when the last of them is
/// gone: a paid debt does not free a stolen card. Where the list of the validators is full, the reason stands and
/// the medium is listed once there is room.
package enum MediumDenial {
  /// Adds or takes away a reason; media for which the first reason came or the last one went.
  @discardableResult
  package static func set(
    _ isDenied: Bool, _ reason: DenialReason, on media: [MediumID], in db: StoreSession,
    at now: Instant
  ) async throws -> [MediumID] {
    var rest = try await db.media.knownToValidators(media)[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(DenyListQueries.changeMax))
      rest = rest.dropFirst(part.count)
      if isDenied {
        try await db.denyList.deny(media: part, reason: reason.rawValue, at: now, isPatient: true)
      } else {
        try await db.denyList.allow(media: part, reason: reason.rawValue, at: now)
      }
    }
    if isDenied { return try await db.media.addDenial(reason, to: media, at: now) }
    return try await db.media.removeDenial(reason, from: media)
  }
}
