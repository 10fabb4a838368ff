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

  /// What each worked case of a tariff comes to, ride by ride.
  private static func charges(_ source: TariffSource) -> [String: [Int64?]] {
    var result: [String: [Int64?]] = [:]
    for outcome in source.check().cases {
      result[outcome.worked.name] = outcome.rides.map(\.chargedMinor)
    }
    return result
  }

  @Test func theCasesOfZelenohradCostTheSameAfterExportAndImport() throws {
    var source = try Folders.source("zelenohrad")
    // Fares v2 has no caps; they are the last of the file.
    let main = try #require(source.files.firstIndex { $0.path == "tariff.yaml" })
    let caps = try #require(source.files[main].text.range(of: "\ncaps:\n"))
    source.files[main].text = String(source.files[main].text[..<caps.lowerBound]) + "\n"
    let before = try #require(source.load().book?.versions.first)
    let export = FaresExport(before, network: nil)
    let imported = try FaresImport(files: export.files, folder: "back", from: before.firstDay)
    // Without a network the name of a fare's network stands for its routes.
    let cases = source.files.filter { $0.path.hasPrefix("cases/") }.map { file in
      let text = file.text.replacingOccurrences(of: ", route: 1,", with: ",")
        .replacingOccurrences(of: "operator: TRAMTROL", with: "route: network_1")
        .replacingOccurrences(of: "operator: AVTO1", with: "route: network_2")
        .replacingOccurrences(of: "operator: AVTO2", with: "route: network_2")
      return TariffFile(path: file.path, text: text)
    }
    let after = TariffSource(
      folder: "back", files: [TariffFile(path: "tariff.yaml", text: imported.yaml)] + cases)
    let wanted = Self.charges(source)
    #expect(
      wanted["free transfer, the thirtieth minute is inside and the next is not"]
        == [1200, 0, 1500])
    #expect(Self.charges(after) == wanted, "\(imported.yaml)")
    let lost = imported.notes.filter { $0.hasPrefix("transfer rule") }
    #expect(lost == [])
  }

  /// Two fares, `a` and `b`, and the transfer rules of a test.
  private static func feed(
    transfers: String, legs: String = "a,n1,a,\nb,n2,b,\n", other: String = ""
  ) -> [(name: String, bytes: [UInt8])] {
    let texts = [
      (
        "agency.txt",
        "agency_id,agency_name,agency_url,agency_timezone\na,A,https://a.example,Europe/Kyiv\n"
      ),
      ("fare_products.txt", "fare_product_id,amount,currency\na,10,UAH\nb,20,UAH\n" + other),
      ("fare_leg_rules.txt", "leg_group_id,network_id,fare_product_id,rule_priority\n" + legs),
      ("routes.txt", "route_id,network_id\n1,n1\n2,n2\n"),
      (
        "fare_transfer_rules.txt",
        "from_leg_group_id,to_leg_group_id,transfer_count,duration_limit,duration_limit_type,"
          + "fare_transfer_type,fare_product_id\n" + transfers
      ),
    ]
    return texts.map { (name: $0.0, bytes: Array($0.1.utf8)) }
  }

  @Test func transferRulesThatDifferAndShareALegGroupAreToldAsLost() throws {
    let imported = try FaresImport(
      files: Self.feed(transfers: "a,b,,1800,1,0,\nb,a,,1800,1,0,\na,a,2,3600,1,0,\n"),
      folder: "imported", from: Self.from)
    #expect(
      imported.notes == [
        "transfer rule 3, a to a: it differs in time or count from rule 1, which has one of its "
          + "leg groups; it is not imported",
        "transfers: their time runs from the first ride; in the feed from the ride before",
      ])
    let reading = Self.load(imported)
    let errors = reading.faults.filter { !$0.isWarning }
    #expect(errors == [], "\(imported.yaml)")
    let tariff = try #require(reading.book?.versions.first)
    var taps: [FareTap] = []
    for (route, minute) in [("1", Int64(0)), ("2", 10), ("1", 20), ("1", 25)] {
      taps += ride(tariff, category: "adult", medium: .card, route: route, minute: minute)
    }
    let rated = tariff.rate(day: Self.from.adding(days: 10), state: .empty, taps: taps)
    #expect(rated.rides.map(\.chargedMinor) == [1000, 0, 0, 1000])
  }

  /// A ride of n2 is one of b, whose rule goes before the second of a: b pays and changes as b.
  @Test func aRideIsOfTheLegGroupWhoseRuleHasTheHigherPriority() throws {
    let imported = try FaresImport(
      files: Self.feed(
        transfers: "b,b,-1,1800,1,0,\n", legs: "a,n1,a,3\nb,n2,b,2\na,n2,a,1\n"),
      folder: "imported", from: Self.from)
    let reading = Self.load(imported)
    #expect(reading.faults.filter { !$0.isWarning } == [], "\(imported.yaml)")
    let tariff = try #require(reading.book?.versions.first)
    var taps: [FareTap] = []
    for (route, minute) in [("2", Int64(0)), ("2", 10), ("1", 20)] {
      taps += ride(tariff, category: "adult", medium: .card, route: route, minute: minute)
    }
    let rated = tariff.rate(day: Self.from.adding(days: 10), state: .empty, taps: taps)
    #expect(rated.rides.map(\.chargedMinor) == [2000, 0, 1000], "\(imported.yaml)")
  }

  /// A ride of n2 costs what the rule of no group says, and no transfer knows it: neither as the ride it
  /// comes from nor as the one it leads to.
  @Test(arguments: [
    (",n2,b,3\na,n1,a,2\na,n2,a,1\n", "a"), ("a,n1,a,3\n,n2,b,2\na,n2,a,1\n", "a"),
    (",n2,b,3\nno leg group,n1,a,2\nno leg group,n2,a,1\n", "no leg group"),
  ])
  func aRideOfARuleWithoutALegGroupTakesPartInNoTransfer(legs: String, group: String) throws {
    let imported = try FaresImport(
      files: Self.feed(transfers: "\(group),\(group),-1,1800,1,0,\n", legs: legs),
      folder: "imported", from: Self.from)
    let told = ["transfers: their time runs from the first ride; in the feed from the ride before"]
    #expect(imported.notes == told)
    let reading = Self.load(imported)
    #expect(reading.faults.filter { !$0.isWarning } == [], "\(imported.yaml)")
    let tariff = try #require(reading.book?.versions.first)
    var taps: [FareTap] = []
    for (route, minute) in [("2", Int64(0)), ("1", 10), ("2", 15), ("1", 20)] {
      taps += ride(tariff, category: "adult", medium: .card, route: route, minute: minute)
    }
    let rated = tariff.rate(day: Self.from.adding(days: 10), state: .empty, taps: taps)
    #expect(rated.rides.map(\.chargedMinor) == [2000, 1000, 2000, 0], "\(imported.yaml)")
  }

  @Test func legRulesOfOnePriorityThatMayHoldForOneRideAreTold() throws {
    func notes(_ legs: String) throws -> [String] {
      try FaresImport(
        files: Self.feed(transfers: "", legs: legs), folder: "imported", from: Self.from
      ).notes
    }
    #expect(
      try notes("a,n1,a,1\nb,,b,1\n") == [
        "product b: a has a leg rule of the same priority for some of the same rides, which counts"
      ])
    // Another priority, another network or one product for both leaves nothing of it to tell.
    #expect(try notes("a,n1,a,2\nb,,b,1\n") == [])
    #expect(try notes("a,n1,a,1\nb,n2,b,1\n") == [])
    #expect(try !notes("a,n1,a,1\nb,,a,1\n").contains { $0.contains("same priority") })
  }

  @Test func whatTheImportDoesNotTakeFromAFeedIsTold() throws {
    let imported = try FaresImport(
      files: Self.feed(
        transfers: "a,b,,,,0,\na,b,,,,0,gone\n",
        legs: "a,n1,a,\nb,n2,b,\nb,n2,day,\nb,n3,gone,\n", other: "day,50,UAH\n"),
      folder: "imported", from: Self.from)
    #expect(
      imported.notes == [
        "product day: b has a leg rule with the same conditions, which counts",
        "network n3: the feed names no route of it; its name stands for the route",
        "leg rule of product gone: the product has no price, the rule is not imported",
        "transfer rule 1: it has no limit of time, here 24 hours",
        "transfer rule 2: there is no product gone; it is not imported",
        "transfers: their time runs from the first ride; in the feed from the ride before",
      ])
  }

  @Test func leftOutPrioritiesUnknownColumnsAndAgenciesOfAFeedAreTold() throws {
    let second = [
      ("fare_products.txt", "fare_product_id,amount,currency,age_max\na,10,UAH,6\nb,9,UAH,\n"),
      ("fare_leg_rules.txt", "network_id,from_area_id,fare_product_id\nn1,x,a\nn1,,b\n"),
      ("route_networks.txt", "network_id,route_id\nn1,1\n"),
      ("stop_areas.txt", "area_id,stop_id\nx,s\n"),
      ("fare_leg_join_rules.txt", "from_network_id,to_network_id\nn1,n1\n"),
    ]
    let imported = try FaresImport(
      files: second.map { (name: $0.0, bytes: Array($0.1.utf8)) }, folder: "in", from: Self.from)
    #expect(
      imported.notes == [
        "fare_products.txt: the column age_max is not imported",
        "fare_leg_join_rules.txt: legs that count as one are not imported",
        "leg rules without from_area_id: in the feed they hold for what no other rule lists, here "
          + "for what no rule with more conditions fits",
      ])
    let first = [
      ("agency.txt", "agency_id,agency_name\na,A\nb,B\n"),
      (
        "fare_attributes.txt",
        "fare_id,price,currency_type,payment_method,transfers,agency_id\nf,10,UAH,1,1,a\n"
      ),
    ]
    let other = try FaresImport(
      files: first.map { (name: $0.0, bytes: Array($0.1.utf8)) }, folder: "in", from: Self.from)
    #expect(
      other.notes == [
        "fare f: it holds for rides of the agency a, here for those of all",
        "fare f: its transfers have no limit of time, here 24 hours",
      ])
  }

  @Test func anAreaOfAStationIsThatOfItsPlatformsUnlessTheyHaveTheirOwn() throws {
    let texts = [
      ("fare_products.txt", "fare_product_id,amount,currency\na,10,UAH\n"),
      ("fare_leg_rules.txt", "from_area_id,fare_product_id\nx,a\ny,a\n"),
      (
        "stops.txt",
        "stop_id,location_type,parent_station\nS,1,\nS1,,S\nS2,0,S\nE,2,S\nO,0,\n"
      ),
      ("stop_areas.txt", "area_id,stop_id\nx,S\ny,S2\nx,O\n"),
    ]
    let imported = try FaresImport(
      files: texts.map { (name: $0.0, bytes: Array($0.1.utf8)) }, folder: "in", from: Self.from)
    let zones = imported.yaml.split(separator: "\n", omittingEmptySubsequences: false)
      .drop { $0 != "stop_zones:" }.dropFirst().prefix { $0.hasPrefix("  ") }
    #expect(zones == ["  S: x", "  S1: x", "  S2: y", "  O: x"])
  }
}
