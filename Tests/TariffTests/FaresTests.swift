import Basics
import Foundation
import Tariff
import Testing
import Transit

/// GTFS fares in and out.
struct FaresTests {
  private static let from = Day(year: 2018, month: 1, day: 1) ?? Day(number: 0)

  private static func feed(_ name: String) throws -> [(name: String, bytes: [UInt8])] {
    let path = Folders.shared.appendingPathComponent("data/gtfs/\(name)")
    let archive = try ZipArchive([UInt8](try Data(contentsOf: path)))
    return try archive.entries.filter { faresFileNames.contains($0.name) }.map {
      ($0.name, try archive.bytes(of: $0))
    }
  }

  private static func load(_ imported: FaresImport) -> TariffReading {
    TariffSource(
      folder: "imported", files: [TariffFile(path: "tariff.yaml", text: imported.yaml)]
    ).load()
  }

  private func ride(
    _ tariff: CompiledTariff, category: String, medium: MediumKind, route: String? = nil,
    stop: String? = nil, toStop: String? = nil, minute: Int64 = 0
  ) -> [FareTap] {
    let start = tariff.cityClock.start(of: Self.from.adding(days: 10)).adding(seconds: 36_000)
    var on = FareTap(
      ref: Int(minute), at: start.adding(seconds: minute * 60), kind: .on, medium: medium,
      category: category, mode: .bus, route: route, stop: stop)
    guard toStop != nil else {
      on.kind = .single
      return [on]
    }
    var off = on
    off.kind = .off
    off.at = on.at.adding(seconds: 600)
    off.stop = toStop
    return [on, off]
  }

  @Test(.enabled(if: Folders.hasOracles, "skipped: no real data"))
  func theFaresOfZakroczymBecomeAWorkingTariff() throws {
    let imported = try FaresImport(
      files: try Self.feed("zakroczym_2025-11_fares_v2.zip"), folder: "imported", from: Self.from)
    let reading = Self.load(imported)
    #expect(reading.faults.filter { !$0.isWarning } == [], "\(imported.yaml)")
    let tariff = try #require(reading.book?.versions.first)
    #expect(tariff.currency.code == "PLN")
    #expect(tariff.pricesByStop)
    #expect(imported.notes.contains { $0.contains("monthly_normal") })
    let zones = Dictionary(
      rows(
        try Self.feed("zakroczym_2025-11_fares_v2.zip").first { $0.name == "stop_areas.txt" }?
          .bytes ?? []
      ).map { ($0["area_id"] ?? "", $0["stop_id"] ?? "") },
      uniquingKeysWith: { first, _ in first })
    for (from, to, price) in [("1", "3", 500), ("1", "2", 400), ("1", "1", 0)] {
      let day = Self.from.adding(days: 10)
      let rated = tariff.rate(
        day: day, state: .empty,
        taps: ride(tariff, category: "0", medium: .card, stop: zones[from], toStop: zones[to]))
      #expect(rated.rides.map(\.chargedMinor) == [Int64(price)], "\(from) to \(to)")
    }
  }

  @Test(.enabled(if: Folders.hasOracles, "skipped: no real data"))
  func theVersionOneFaresOfKaunasBecomeAWorkingTariff() throws {
    let imported = try FaresImport(
      files: try Self.feed("kaunas_2018-05.zip"), folder: "imported", from: Self.from)
    let reading = Self.load(imported)
    #expect(reading.faults.filter { !$0.isWarning } == [], "\(imported.yaml)")
    let tariff = try #require(reading.book?.versions.first)
    let taps = [Int64(0), 20, 25, 60].flatMap { minute in
      ride(tariff, category: "adult", medium: .card, route: "kaunas_bus_3", minute: minute)
    }
    let rated = tariff.rate(day: Self.from.adding(days: 10), state: .empty, taps: taps)
    #expect(rated.rides.map(\.chargedMinor) == [70, 0, 70, 70])
    var cash = ride(tariff, category: "adult", medium: .card, route: "kaunas_bus_3")
    cash[0].mediumName = "cash"
    let paid = tariff.rate(day: Self.from.adding(days: 10), state: .empty, taps: cash)
    #expect(paid.rides.map(\.chargedMinor) == [100])
  }

  @Test(arguments: Folders.tariffs)
  func whatIsExportedCanBeReadAgain(_ name: String) throws {
    let book = try #require(try Folders.source(name).load().book)
    for tariff in book.versions {
      let export = FaresExport(tariff, network: nil)
      #expect(!export.zip.isEmpty)
      let products = rows(export.files.first { $0.name == "fare_products.txt" }?.bytes ?? [])
      for row in products { #expect(Double(row["amount"] ?? "") != nil) }
      if products.isEmpty {
        #expect(!export.notExpressed.isEmpty, "nothing written and no reason given")
        continue
      }
      let again = try FaresImport(files: export.files, folder: "imported", from: tariff.firstDay)
      let reading = Self.load(again)
      #expect(reading.faults.filter { !$0.isWarning } == [], "\(again.yaml)")
      #expect(reading.book != nil)
    }
  }

  @Test func theExportOfZelenohradHasItsPricesAndSaysWhatItLacks() throws {
    let book = try #require(try Folders.source("zelenohrad").load().book)
    let export = FaresExport(book.versions[0], network: nil)
    let products = rows(export.files.first { $0.name == "fare_products.txt" }?.bytes ?? [])
    let adult = products.filter { $0["rider_category_id"] == "adult" }.map { $0["amount"] }
    #expect(adult == ["12.00", "15.00"])
    let pensioner = products.filter { $0["rider_category_id"] == "pensioner" }
    #expect(pensioner.allSatisfy { $0["amount"] == "0.00" } && pensioner.count == 2)
    #expect(export.notExpressed.contains("cap \"day cap\": Fares v2 has no caps"))
    let transfers = rows(
      export.files.first { $0.name == "fare_transfer_rules.txt" }?.bytes ?? [])
    #expect(transfers.count == 4)
    #expect(transfers.allSatisfy { $0["duration_limit"] == "1800" })
  }
}
