import Basics
import Foundation
import Tariff
import Testing

/// The table that `tariff price` reads and writes, however people's programs write it.
struct PriceTableTests {
  private static let rules = """
    effective: {from: 2024-01-01}
    currency: UAH
    timezone: Europe/Kyiv
    categories: [adult, pupil]
    zones: [1, 2]
    fares:
    - {name: bus, when: {mode: bus}, price: {adult: 8, pupil: 4}}
    - {name: rail, when: {mode: rail}, price: {by: zones, pairs: [{from: 1, to: 2, price: 20}]}}
    caps: [{name: day, per: day, amount: {adult: 20, pupil: 6}}]
    """
  private static let header =
    "case,category,media,tap_time,kind,mode,route,operator,vehicle,stop,zone,lat,lon,distance_km"

  private func price(_ text: String) throws -> [String] {
    let source = TariffSource(
      folder: "t", files: [TariffFile(path: "tariff.yaml", text: Self.rules)])
    let book = try #require(source.load().book)
    let table = try PriceTable.price(taps: Array(text.utf8), book: book)
    return rows(table).map { row in
      ["case", "category", "ride", "charged", "total", "nominal"].map { row[$0] ?? "?" }
        .joined(separator: " ")
    }
  }

  private func tap(_ name: String, _ category: String, _ clock: String) -> String {
    "\(name),\(category),card,2024-05-14T\(clock)+03:00,single,bus,,,,,,,,"
  }

  /// A tariff may say what nobody pays; who has to rate by it goes on.
  @Test func aPriceLargerThanAnyIsNotKnown() throws {
    let shares = (1...9).map { "p\($0): {of: \"@p\($0 - 1)\", share: 1000%}" }
    let rules = """
      effective: {from: 2024-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      categories: [adult]
      prices: {p0: 5000000, \(shares.joined(separator: ", "))}
      fares:
      - {name: bus, when: {mode: bus}, price: "@p9"}
      - {name: tram, when: {mode: tram}, price: {sum: ["@p6", "@p6", "@p6"]}}
      """
    let source = TariffSource(folder: "t", files: [TariffFile(path: "tariff.yaml", text: rules)])
    let reading = source.load()
    let book = try #require(reading.book, "\(reading.faults)")
    let table = [
      Self.header,
      "b,adult,card,2024-05-14T08:00:00+03:00,single,bus,,,,,,,,",
      "t,adult,card,2024-05-14T08:00:00+03:00,single,tram,,,,,,,,",
    ].joined(separator: "\n")
    let priced = try PriceTable.price(taps: Array(table.utf8), book: book)
    let charged = rows(priced).map { "\($0["case"] ?? "?") \($0["charged"] ?? "?")" }
    #expect(charged == ["b unknown", "t unknown"])
  }

  /// A thousand people, each at a price that one may have: their day is still a sum.
  @Test func aRideOfManyThatComesToMoreThanAnyPriceHasNoFare() throws {
    let rules = """
      effective: {from: 2024-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      categories: [adult]
      prices: {p0: 999999999.00, p1: {of: "@p0", share: 1000%}}
      fares: [{name: bus, price: {of: "@p1", share: 1000%}}]
      rounding: {to: 0.05}
      """
    let source = TariffSource(folder: "t", files: [TariffFile(path: "tariff.yaml", text: rules)])
    let reading = source.load()
    let book = try #require(reading.book, "\(reading.faults)")
    let rides = (8..<20).map { hour in
      "b,adult,card,2024-05-14T\(hour < 10 ? "0" : "")\(hour):00:00+03:00,single,bus,,,,,,,,,1000"
    }
    let alone = "b,adult,card,2024-05-14T20:00:00+03:00,single,bus,,,,,,,,,1"
    let table = ([Self.header + ",riders"] + rides + [alone]).joined(separator: "\n")
    let priced = try PriceTable.price(taps: Array(table.utf8), book: book)
    #expect(
      rows(priced).map { $0["charged"] ?? "?" }
        == [String](repeating: "unknown", count: 12) + ["9999999990000"])
  }

  @Test func rowsOfSeveralRidersComeInAnyOrder() throws {
    let taps = [
      tap("b", "adult", "09:00:00"), tap("a", "pupil", "10:00:00"), tap("a", "adult", "08:00:00"),
      tap("b", "adult", "08:00:00"), tap("a", "pupil", "08:00:00"), tap("b", "adult", "08:30:00"),
    ]
    let found = try price(([Self.header] + taps).joined(separator: "\n"))
    #expect(
      found == [
        "b adult 1 800 2000 800", "b adult 2 800 2000 800", "b adult 3 400 2000 800",
        "a pupil 1 400 600 400", "a pupil 2 200 600 400", "a adult 1 800 800 800",
      ])
    let turned = try price(([Self.header] + taps.reversed()).joined(separator: "\n"))
    #expect(Set(turned) == Set(found))
  }

  @Test func aMarkWindowsLineEndsAndQuotesChangeNothing() throws {
    let plain = try price(Self.header + "\n" + tap("one", "adult", "08:00:00") + "\n")
    let quoted =
      "\u{FEFF}" + Self.header + "\r\n"
      + "\"one\",\"adult\",\"card\",\"2024-05-14T08:00:00+03:00\",\"single\",\"bus\",,,,,,,,\r\n\r\n"
    #expect(plain == ["one adult 1 800 800 800"])
    #expect(try price(quoted) == plain)
    let odd = try price(
      Self.header
        + "\n\"a, \"\"b\"\"\nc\",adult,card,2024-05-14T08:00:00+03:00,single,bus,,,,,,,,\n")
    #expect(odd == ["a, \"b\"\nc adult 1 800 800 800"])
  }

  @Test func furtherColumnsAreIgnoredAndMissingOnesAreEmpty() throws {
    let few = "kind,tap_time,mode,note,case\nsingle,2024-05-14T05:00:00Z,bus,hello,one\n"
    // A rider without a category is one of the first that the tariff names.
    #expect(try price(few) == ["one  1 800 800 800"])
    let short = Self.header + "\none,pupil,,2024-05-14T08:00:00.5+03:00,single,bus\n"
    #expect(try price(short) == ["one pupil 1 400 400 400"])
  }

  @Test func aFareThatIsNotKnownIsNeverZeroAndLeavesTheTotal() throws {
    let taps = [
      tap("one", "adult", "08:00:00"),
      "one,adult,card,2024-05-14T09:00:00+03:00,single,ferry,,,,,,,,",
      "one,adult,card,2024-05-14T10:00:00+03:00,on,rail,,,,A,1,,,",
      "one,adult,card,2024-05-14T10:20:00+03:00,off,rail,,,,B,7,,,",
      tap("one", "adult", "11:00:00"),
      "lost,visitor,card,2024-05-14T09:00:00+03:00,single,bus,,,,,,,,",
    ]
    #expect(
      try price(([Self.header] + taps).joined(separator: "\n")) == [
        "one adult 1 800 1600 800", "one adult 2 unknown 1600 unknown",
        "one adult 3 unknown 1600 unknown", "one adult 4 800 1600 800",
        "lost visitor 1 unknown 0 unknown",
      ])
  }

  @Test(arguments: [
    ("kind", "one,adult,card,2024-05-14T08:00:00+03:00,hop,bus,,,,,,,,"),
    ("tap_time", "one,adult,card,2024-05-14T08:00:00,single,bus,,,,,,,,"),
    ("tap_time", "one,adult,card,2023-02-29T08:00:00+02:00,single,bus,,,,,,,,"),
    ("lat", "one,adult,card,2024-05-14T08:00:00+03:00,single,bus,,,,,,50.1,,"),
    ("distance_km", "one,adult,card,2024-05-14T08:00:00+03:00,off,bus,,,,,,,,-3"),
  ])
  func aBrokenCellIsNamedWithItsLine(_ column: String, _ row: String) throws {
    let fault = #expect(throws: TariffFault.self) {
      try price(Self.header + "\n" + tap("a", "adult", "08:00:00") + "\n" + row + "\n")
    }
    #expect(fault?.line == 3 && fault?.message.hasPrefix(column) == true)
  }
}
