package import Basics
package import Store

/// What another place of a validator changes.
package struct PlaceChange: Sendable {
  /// Riders whose taps may move, with their fare days; more than are looked at are as many and one.
  package let riders: [RiderID: ClosedRange<Day>]
  /// Whether taps come into a vehicle or out of one, so that stops are found elsewhere: theirs, and those of
  /// everybody else in these vehicles.
  package let isOfVehicles: Bool
}

/// Where a validator's place in the past is held against what one person may change; the program puts in how.
package struct PlaceGate: Sendable {
  /// Makes the change and looks what it comes to; throws where it takes another person, which undoes it.
  package typealias Pass =
    @Sendable (
      PlaceChange, StoreSession, _ change: () async throws -> Void
    ) async throws -> Void

  /// Most riders whose fares are looked at.
  let ridersMax: Int
  let pass: Pass

  /// Makes a gate.
  package init(ridersMax: Int, pass: @escaping Pass) {
    self.ridersMax = ridersMax
    self.pass = pass
  }
}
