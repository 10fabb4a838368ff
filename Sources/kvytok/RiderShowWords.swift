import Basics
import Insight
import Store
import Transit

/// What `rider show` says around the sentences of the fares, in the reader's language.
struct RiderShowWords {
  let language: Language

  private func say(_ ukrainian: String, _ english: String) -> String {
    Bilingual(uk: ukrainian, en: english)[language]
  }

  var rider: String { say("пасажир", "rider") }
  var noRoute: String { say("маршрут невідомий", "route unknown") }
  var noFare: String { say("ціна невідома", "fare unknown") }
  var tapOff: String { say("вихід", "tap off") }
  var total: String { say("разом", "total") }
  var charges: String {
    say("списання з банківської картки чи телефону", "charges of the bank card or phone")
  }

  func riders(_ count: Int) -> String { say("на \(count)", "for \(count)") }

  func mode(of ride: RiderRide) -> String {
    ride.mode.map { " (\(say($0.title.ukrainian, $0.rawValue)))" } ?? ""
  }

  func way(of ride: RiderRide) -> String {
    let (from, to) = (place(ride.boarding), place(ride.alighting))
    return say("від \(from) до \(to)", "from \(from) to \(to)")
  }

  /// The tap at boarding, and the deny list by which its validator let the rider in.
  func tap(of ride: RiderRide) -> String {
    let name = "\(ride.tap.device)/\(ride.tap.epoch)/\(ride.tap.seq)"
    let version = ride.denyListVersion.map(String.init) ?? say("не названо", "not named")
    let listed =
      ride.wasListed.map {
        $0 ? say(" (носій у ньому)", " (listed)") : say(" (носія в ньому немає)", " (not listed)")
      }
      ?? ""
    return say("валідація \(name), стоп-лист \(version)", "tap \(name), deny list \(version)")
      + listed
  }

  private func place(_ place: RiderRide.Place?) -> String {
    guard let place, let name = place.name ?? place.stop else { return "?" }
    let sure = place.confidence.map { ", \(Int(($0 * 100).rounded())) %" } ?? ""
    let source = say(Self.sources[place.source] ?? place.source, place.source)
    return "\(name) (\(source)\(sure))"
  }

  /// How a stop was found; programs and English readers see the word as it is kept.
  private static let sources = [
    "device": "валідатор", "door_event": "двері відчинено", "nearness": "поблизу",
    "coordinate": "координата", "corrected": "виправлено", "tap_off": "валідація на виході",
    "next_boarding": "наступна посадка", "return_to_first": "перша посадка дня",
  ]
}
