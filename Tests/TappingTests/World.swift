import Basics
import Tapping
import Transit

/// Makes taps and batches to test with, the same for the same seed.
struct World {
  var chance: SeededGenerator

  init(seed: UInt64) { chance = SeededGenerator(seed: seed) }

  static let morning = Instant(seconds: 1_795_332_600)

  mutating func pick<T>(_ choices: [T]) -> T {
    choices[chance.integer(in: 0...choices.count - 1)]
  }

  /// A name, sometimes none, sometimes one that JSON has to escape.
  mutating func name() -> String? {
    let names = [
      nil, "15", "1603", "Tr 15", "зупинка «Ринок»", "a\"b\\c\n", "\u{1F68B} tram", "x/y~z",
      String(repeating: "k", count: TapLimits.textBytesMax),
    ]
    return pick(names)
  }

  mutating func token() -> [UInt8] {
    let count = chance.integer(in: 1...TapLimits.tokenBytesMax)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: chance.next()) }
  }

  mutating func tap(seq: Int64) -> Tap {
    var tap = Tap(
      seq: seq, at: World.morning.adding(milliseconds: Int64(chance.integer(in: 0...9_999_999))),
      kind: pick(TapKind.allCases), medium: pick(MediumKind.allCases), token: token(),
      riders: chance.chance(0.2) ? chance.integer(in: 2...9) : 1)
    if chance.chance(0.1) { tap.result = .denied(reason: name()) }
    tap.vehicle = name()
    tap.route = name()
    tap.direction = pick([nil, 0, 1])
    tap.trip = name()
    tap.stop = name()
    tap.zone = name()
    if chance.chance(0.6) {
      let latitude = Double(chance.integer(in: -90_000_000...90_000_000)) / 1_000_000
      let longitude = pick([0.1 + 0.2, -179.999999, 24.113, 1e-7, -chance.fraction()])
      tap.coordinate = Coordinate(latitude: latitude, longitude: longitude)
    }
    return tap
  }

  /// A body with one to three places changed: a bit, a byte, one more, one less, a piece twice.
  mutating func damaged(_ bytes: [UInt8], interesting: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF])
    -> [UInt8]
  {
    var damaged = bytes
    for _ in 0..<chance.integer(in: 1...3) {
      let place = chance.integer(in: 0...damaged.count - 1)
      switch chance.integer(in: 0...4) {
      case 0: damaged[place] = pick(interesting)
      case 1: damaged[place] ^= 1 << UInt8(chance.integer(in: 0...7))
      case 2: damaged.insert(pick(interesting), at: place)
      case 3: damaged.remove(at: place)
      default:
        let end = min(damaged.count, place + chance.integer(in: 1...40))
        damaged.insert(contentsOf: damaged[place..<end], at: place)
      }
    }
    return damaged
  }

  mutating func batch(seqs: some Sequence<Int64>) -> TapBatch {
    TapBatch(
      device: "V-0042", epoch: Int64(chance.integer(in: 0...5)),
      sentAt: World.morning.adding(seconds: 20_000), tariffVersion: name(),
      denyListVersion: pick([nil, 0, 17, .max]), taps: seqs.map { tap(seq: $0) })
  }
}

/// A body with one tap; a part of it can be replaced.
func example(replacing part: String = "", with other: String = "") -> [UInt8] {
  let text = """
    {"device": "V-0042", "epoch": 3, "sent_at": "2026-11-22T07:31:05.120Z",
     "tariff_version": "2026-11", "deny_list_version": 17,
     "taps": [{"seq": 1201, "at": "2026-11-22T07:30:58.001Z", "kind": "single", "medium": "card",
               "token": "AAECAwQ", "riders": 1, "result": "accepted",
               "vehicle": "1603", "route": "15", "direction": 0, "trip": null, "stop": null,
               "zone": null, "lat": 56.951, "lon": 24.113}]}
    """
  guard !part.isEmpty else { return Array(text.utf8) }
  let pieces = text.split(separator: part, omittingEmptySubsequences: false)
  precondition(pieces.count == 2, "\(part) stands \(pieces.count - 1) times in the body")
  return Array((pieces[0] + other + pieces[1]).utf8)
}

/// The fault of a body; nil when it is read.
func refusal(of bytes: [UInt8]) -> TapBatchFault? {
  do throws(TapBatchFault) {
    _ = try TapBatchJSON.decode(bytes)
    return nil
  } catch {
    return error
  }
}
