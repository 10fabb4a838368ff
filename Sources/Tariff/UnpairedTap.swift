package import Basics

/// A tap off that ended no ride: it costs nothing, and it says why.
///
/// It is no ride with a fare not known: nobody is known to have ridden, or the ride is there already
/// and was given up. A ride that lacks its tap off is another thing, it has a fare.
package struct UnpairedTap: Hashable, Sendable {
  /// `ref` of the tap.
  package var ref: Int
  package var at: Instant
  package var reason: UnpairedReason

  /// Why no ride came of the tap, in words.
  package func sentence(in language: Language) -> String { reason.sentence(in: language) }
}

/// What kept a tap off from ending a ride.
package enum UnpairedReason: String, Hashable, Sendable {
  /// No ride was open.
  case noBoarding = "no_boarding"
  /// The open ride belongs to another vehicle.
  case otherVehicle = "other_vehicle"
  /// The open ride had lasted longer than a ride may.
  case tooLate = "too_late"

  /// Why no ride came of the tap, in words.
  package func sentence(in language: Language) -> String {
    let text: Bilingual
    switch self {
    case .noBoarding:
      text = Bilingual(
        uk: "поїздки немає: виходу не передує вхід", en: "no ride: no tap on is open before it")
    case .otherVehicle:
      text = Bilingual(
        uk: "поїздки немає: вхід був в іншому транспорті",
        en: "no ride: the tap on was on another vehicle")
    case .tooLate:
      text = Bilingual(
        uk: "поїздки немає: від входу минуло забагато часу",
        en: "no ride: too long after the tap on, whose ride is incomplete")
    }
    return text[language]
  }
}

/// A tap off that ended no ride, by its place among the taps.
struct LoneAlighting: Sendable {
  var index: Int32
  var reason: UnpairedReason
}

extension FareMeter {
  /// The taps off that ended no ride, in order of time.
  func unpairedTaps(_ taps: [FareTap]) -> [UnpairedTap] {
    loneAlightings.compactMap { alone in
      guard taps.indices.contains(Int(alone.index)) else { return nil }
      let tap = taps[Int(alone.index)]
      return UnpairedTap(ref: tap.ref, at: tap.at, reason: alone.reason)
    }
  }
}
