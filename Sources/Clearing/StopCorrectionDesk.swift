package import Basics
package import Logging
package import Store
import Tariff
import Transit

/// Where a person says at which stop a tap was, and keeps who said what, when and why.
///
/// The tap stays as it was signed. What a person says counts before what the validator told and before
/// what is inferred, until it is withdrawn; the rider's day is rated anew and the difference is booked.
/// Above the limit of ``Rerating`` it waits for another person, as every order to rate anew does; what the
/// person changed before without one counts together with it.
package struct StopCorrectionDesk: Sendable {
  private let store: Store
  private let city: CityHolder
  private let log: Logger

  /// Opens the desk.
  package init(store: Store, city: CityHolder, log: Logger) {
    self.store = store
    self.city = city
    self.log = log
  }

  /// Corrects the stop of a tap, or withdraws what stands when the stop is nil.
  ///
  /// Throws ``StopCorrectionRefusal``. The answer says whether it counts or waits.
  package func correct(
    _ name: TapName, to stop: String?, isOffRoute: Bool = false, reason: String,
    by person: Person, at now: Instant
  ) async throws -> StopCorrectionRow {
    let row = try await city.write(to: store) { db, city in
      guard let found = try await db.stopCorrections.lockTap(name) else {
        throw StopCorrectionRefusal.tapUnknown
      }
      let standing = try await db.stopCorrections.find(of: name, .standing)
      let then = try await city.on(found.tap.fareDay, in: db)
      try StopCorrecting(network: then.network).check(
        found, standing: standing?.stop, to: stop, isOffRoute: isOffRoute, reason: reason)
      guard try await db.stopCorrections.find(of: name, .requested) == nil else {
        throw StopCorrectionRefusal.waits
      }
      let change = try await self.changeMinor(of: found.tap, to: stop, city, in: db)
      let waits = try await Rerating.needsSecondPerson(change, by: person, at: now, in: db)
      var row = StopCorrectionRow(
        tap: name, fareDay: found.tap.fareDay,
        fromStop: standing?.stop ?? found.tap.stop ?? found.inferredStop, stop: stop,
        isOffRoute: isOffRoute, reason: reason, changeMinor: change,
        state: waits ? .requested : .standing, requestedBy: person, requestedAt: now)
      row.id = try await db.stopCorrections.add(row)
      if row.state == .standing { try await Self.markStale(row, found.tap, in: db, at: now) }
      return row
    }
    note(row, by: person)
    return row
  }

  /// Approves a correction of another person, or refuses it; whoever asked may take it back.
  ///
  /// What is approved is what was shown when it was asked for. Throws ``StopCorrectionRefusal``.
  package func decide(
    _ id: Int64, isApproved: Bool, by person: Person, at now: Instant
  ) async throws -> StopCorrectionRow {
    let row = try await city.write(to: store) { db, city in
      guard var row = try await db.stopCorrections.lock(id) else {
        throw StopCorrectionRefusal.unknown(id)
      }
      guard row.state == .requested else {
        throw StopCorrectionRefusal.decided(id, row.state)
      }
      row.decidedBy = person
      row.decidedAt = now
      row.state = isApproved ? .standing : .refused
      guard isApproved else {
        try await db.stopCorrections.decide(row)
        return row
      }
      guard !person.isSame(as: row.requestedBy) else {
        throw StopCorrectionRefusal.ownRequest(id)
      }
      guard let found = try await db.stopCorrections.lockTap(row.tap) else {
        throw StopCorrectionRefusal.tapUnknown
      }
      let standing = try await db.stopCorrections.find(of: row.tap, .standing)
      let then = try await city.on(found.tap.fareDay, in: db)
      try StopCorrecting(network: then.network).check(
        found, standing: standing?.stop, to: row.stop, isOffRoute: row.isOffRoute,
        reason: row.reason)
      let change = try await self.changeMinor(of: found.tap, to: row.stop, city, in: db)
      guard change == row.changeMinor else {
        throw StopCorrectionRefusal.changesOtherwise(id, shown: row.changeMinor, now: change)
      }
      try await db.stopCorrections.decide(row)
      try await Self.markStale(row, found.tap, in: db, at: now)
      return row
    }
    note(row, by: person)
    return row
  }

  /// Corrections before a number, the newest first, in a state or in any, of a device or of all.
  package func list(
    state: StopCorrectionState? = nil, device: String? = nil, before id: Int64? = nil,
    limit: Int = StopCorrectionTables.pageMax
  ) async throws -> [StopCorrectionRow] {
    try await store.read { db in
      try await db.stopCorrections.list(state: state, device: device, before: id, limit: limit)
    }
  }

  /// By how much the fares of the tap's rider change when the stop is corrected: what will be booked.
  ///
  /// Of days that wait for a rating, what they change without the stop is taken off. A day that does not
  /// wait is rated by the network that holds on it, whichever rated it before: that counts.
  private func changeMinor(
    of tap: TapRow, to stop: String?, _ city: City, in db: StoreSession
  ) async throws -> Int64 {
    guard let book = city.book else { return 0 }
    let day = tap.fareDay...tap.fareDay
    let without = try await RatingPreviewer(store: store, city: city, book: book)
      .change(of: tap.rider, day, in: db)
    let with = try await RatingPreviewer(
      store: store, city: city, book: book, supposing: [tap.name: stop]
    ).change(of: tap.rider, day, in: db)
    return RiderSums.largestDifference(with.all, without.waiting)
  }

  /// Marks what follows from the stop: the fares of the rider's day, the vehicle's boardings, and where
  /// the rider got off.
  private static func markStale(
    _ row: StopCorrectionRow, _ tap: TapRow, in db: StoreSession, at now: Instant
  ) async throws {
    let day = RiderDay(rider: tap.rider, fareDay: tap.fareDay)
    try await db.rating.markPlaced(
      [day], cause: .correctedStop, reason: "correction \(row.id)", at: now)
    try await db.placing.markStale([day, day.before], at: now)
    try await db.sorting.markStale(
      vehicleDays: [VehicleDay(vehicle: tap.vehicle ?? "", day: tap.fareDay)], at: now)
    try await db.announce(.journal)
  }

  private func note(_ row: StopCorrectionRow, by person: Person) {
    log.notice(
      "the stop of a tap was corrected",
      metadata: [
        "correction": "\(row.id)", "state": "\(row.state.rawValue)", "device": "\(row.tap.device)",
        "epoch": "\(row.tap.epoch)", "seq": "\(row.tap.seq)", "by": "\(person.label)",
      ])
  }
}
