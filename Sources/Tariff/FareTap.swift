package import Basics
package import Transit

/// What a tariff may look at in one tap.
package struct FareTap: Hashable, Sendable {
  /// The caller's own number of the tap; rides name it.
  package var ref: Int
  package var at: Instant
  package var kind: TapKind
  package var medium: MediumKind
  /// Number of people who ride on this tap, 1 or more.
  package var riders: Int
  /// Rider category as the tariff names it: `adult`.
  package var category: String
  package var mode: Mode?
  package var operatorID: String?
  package var route: String?
  package var vehicle: String?
  package var stop: String?
  package var zone: String?
  package var coordinate: Coordinate?
  /// Metres of the ride by the operator's own table; on the tap that ends it.
  package var distanceMetres: Int?
  /// Number of stops the ride passes, on the tap that ends it.
  package var stopCount: Int?
  /// Direction of the route, 0 or 1.
  package var direction: Int?
  /// The mode in the words of the source where `mode` is too coarse: `rapidtransit`.
  package var modeName: String?
  /// The medium in the words of the source where `medium` is too coarse: `cash`.
  package var mediumName: String?

  /// Makes a tap.
  package init(
    ref: Int, at: Instant, kind: TapKind, medium: MediumKind, riders: Int = 1, category: String,
    mode: Mode? = nil, operatorID: String? = nil, route: String? = nil, vehicle: String? = nil,
    stop: String? = nil, zone: String? = nil, coordinate: Coordinate? = nil,
    distanceMetres: Int? = nil, stopCount: Int? = nil, direction: Int? = nil,
    modeName: String? = nil, mediumName: String? = nil
  ) {
    self.ref = ref
    self.at = at
    self.kind = kind
    self.medium = medium
    self.riders = riders
    self.category = category
    self.mode = mode
    self.operatorID = operatorID
    self.route = route
    self.vehicle = vehicle
    self.stop = stop
    self.zone = zone
    self.coordinate = coordinate
    self.distanceMetres = distanceMetres
    self.stopCount = stopCount
    self.direction = direction
    self.modeName = modeName
    self.mediumName = mediumName
  }

  /// The mode in the words that a tariff's conditions are matched with.
  var modeText: String? { modeName ?? mode?.rawValue }

  /// The medium in the words that a tariff's conditions are matched with.
  var mediumText: String { mediumName ?? medium.rawValue }
}

/// A product that a rider bought: a pass or a carnet.
package struct FarePurchase: Hashable, Sendable {
  /// Product as the tariff names it.
  package var product: String
  package var at: Instant

  /// Makes a purchase.
  package init(product: String, at: Instant) {
    self.product = product
    self.at = at
  }
}

extension FareTap {
  /// Taps in the order of ``isBefore(_:_:)``; those that it does not tell apart stay as they were.
  static func inOrder(_ taps: [FareTap]) -> [FareTap] {
    // Mostly they come in order: then nothing is copied.
    let isInOrder = taps.indices.dropFirst().allSatisfy { !isBefore(taps[$0], taps[$0 - 1]) }
    return isInOrder ? taps : taps.sorted(by: isBefore)
  }

  /// An order that depends on what was tapped and when, and never on how it was delivered.
  static func isBefore(_ left: FareTap, _ right: FareTap) -> Bool {
    if left.at != right.at { return left.at < right.at }
    // An alighting at the moment of the next boarding ends the ride before it.
    if left.kind != right.kind { return left.kind.order < right.kind.order }
    return left.tieBreak.lexicographicallyPrecedes(right.tieBreak)
  }

  private var tieBreak: [String] {
    let place = coordinate.map { "\($0.latitude),\($0.longitude)" } ?? ""
    return [
      vehicle ?? "", route ?? "", operatorID ?? "", stop ?? "", zone ?? "", modeText ?? "",
      mediumText, category, place, String(riders), String(distanceMetres ?? -1),
      String(stopCount ?? -1), String(direction ?? -1),
    ]
  }
}

extension TapKind {
  /// Place of a kind among taps of one moment.
  fileprivate var order: Int {
    switch self {
    case .off: 0
    case .on: 1
    case .single: 2
    }
  }
}
