package import Basics
package import Store

/// The import of a network changes what days of before come to: as every order to rate anew it is seen
/// first, and above the limit it takes two people.
extension Rerating {
  /// The order of a network while the workers find out what it changes.
  package static func previewing(
    _ period: ClosedRange<Day>, feedID: Int64, by person: Person, at now: Instant
  ) -> ReratingOrder {
    var order = ReratingOrder(
      firstDay: period.lowerBound, lastDay: period.upperBound, tariffSource: nil,
      preview: RatingPreview(period).text, changeMinor: 0, needsApproval: false,
      requestedBy: person, requestedAt: now)
    order.state = .previewing
    order.feedID = feedID
    order.previewPlace = .start
    return order
  }

  /// Approves the order of a network: the workers compare what it changes now with what was shown, and
  /// carry it out where it is no more.
  ///
  /// Days that were rated since, for a late tap or a new one, were rated by the network already: so an
  /// order becomes smaller as it waits, and seldom larger.
  func approveNetwork(
    _ id: Int64, by person: Person, at now: Instant
  ) async throws -> ReratingOutcome {
    try await store.write { [feedInForce = city.feed?.id] db in
      guard var order = try await db.reratingOrders.lock(id) else { return Self.unknown(id) }
      if let why = Self.refusal(of: order, by: person) { return .refused(why) }
      guard order.feedID == feedInForce else {
        return .refused(
          "Order \(id) came of network \(order.feedID ?? 0), and another one was imported since. "
            + "Refuse it.")
      }
      order.state = .approved
      order.decidedBy = person
      order.decidedAt = now
      order.preview = RatingPreview(order.firstDay...order.lastDay).text
      order.previewPlace = .start
      try await db.reratingOrders.save(order)
      try await db.announce(.network)
      return .ordered(order)
    }
  }

  /// Why a person may not approve an order; nil when they may.
  static func refusal(of order: ReratingOrder, by person: Person?) -> String? {
    guard order.state == .requested else {
      guard order.state == .previewing else {
        return "Order \(order.id) is \(order.state.rawValue) already."
      }
      return "What order \(order.id) changes is being worked out; approve it when it is seen."
    }
    guard order.needsApproval else { return nil }
    guard let person, !person.isSame(as: order.requestedBy) else {
      return
        "Order \(order.id) changes more than one person may: \(order.requestedBy.label) asked for "
        + "it, and somebody else has to approve it."
    }
    return nil
  }
}
