/// Why a rider's fare day has to be rated again: the one list, stored and shown.
package enum StaleCause: String, Sendable, CaseIterable {
  /// Taps of a fare day that is not over yet, or of one just over.
  case tap
  /// Taps that came after their fare day was over.
  case lateTap = "late_tap"
  /// A tap that a person released from quarantine.
  case releasedTap = "released_tap"
  /// A stop that was inferred, where the tariff asks for stops.
  case stop
  /// A person corrected the stop of a tap, or withdrew that.
  case correctedStop = "corrected_stop"
  /// A tariff version that holds on the day was published, or the network changed.
  case tariff
  /// A proof of a category was recorded or ended.
  case entitlement
  /// The rider was erased; kept from before, for an erasure moves days and marks none.
  case rider
  /// A medium came to the rider or went from them.
  case medium
  /// A pass or carnet was bought or given back.
  case product
  /// The day before ends in another state than it did.
  case earlierDay = "earlier_day"
  /// A ride of the day before was never ended.
  case openRide = "open_ride"
  /// A person ordered the day to be rated anew.
  case order

  /// The cause in words, for people.
  package var words: (ukrainian: String, english: String) {
    switch self {
    case .tap: ("нові валідації", "new taps")
    case .lateTap: ("запізнілі валідації", "late taps")
    case .releasedTap: ("валідації, випущені з карантину", "taps released from quarantine")
    case .stop: ("зупинку визначено пізніше", "a stop found later")
    case .correctedStop: ("зупинку виправлено", "a stop corrected by a person")
    case .tariff: ("інший тариф або мережа", "another tariff or network")
    case .entitlement: ("право на пільгу", "an entitlement")
    case .rider: ("дані пасажира вилучено", "the rider was erased")
    case .medium: ("носій змінив власника", "a medium changed hands")
    case .product: ("абонемент", "a pass or carnet")
    case .earlierDay: ("попередній день закінчився інакше", "an earlier day ends differently")
    case .openRide: ("поїздку не завершено", "a ride was never ended")
    case .order: ("розпорядження", "an order to rate anew")
    }
  }
}
