import Basics
import SimulatedCity
import Tariff
import Transit

/// Worked out from expected fares: what riders owe, what their cards hold, what operators are owed.
enum ExpectedMoney {
  /// How far stored value may go below nothing.
  static let negativeMaxMinor: Int64 = 500

  /// What the rides of a rider come to that stored value pays for.
  static func due(of rider: RiderID, fares: ExpectedFares) -> Int64 {
    fares.rides(of: rider).filter { [.card, .qr].contains($0.tap.medium.kind) }
      .reduce(0) { $0 + ($1.charged ?? 0) }
  }

  /// What stored value has paid: the smaller of what rides come to and of what there is for them.
  static func paid(by rider: RiderID, fares: ExpectedFares) -> Int64 {
    guard let deposit = fares.model.deposits[rider] else { return 0 }
    return min(due(of: rider, fares: fares), deposit + negativeMaxMinor)
  }

  /// The balance of a rider's account.
  static func balance(of rider: RiderID, fares: ExpectedFares) -> Int64 {
    (fares.model.deposits[rider] ?? 0) - paid(by: rider, fares: fares)
  }
}
