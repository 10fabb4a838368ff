import Basics
import Foundation
import Tariff
import Testing
import Transit

/// What the GTFS reference (revision of 2026-04-27) asks of the files of Fares v2.
private enum Spec {
  /// Required fields, all fields, the primary key, and the file that each field refers to.
  struct Table {
    var required: [String]
    var fields: [String]
    var key: [String]
    var references: [String: (file: String, field: String)] = [:]
    var values: [String: Set<String>] = [:]
  }

  static let tables: [String: Table] = [
    "timeframes.txt": Table(
      required: ["timeframe_group_id", "service_id"],
      fields: ["timeframe_group_id", "start_time", "end_time", "service_id"],
      key: ["timeframe_group_id", "start_time", "end_time", "service_id"],
      references: ["service_id": ("calendar.txt", "service_id")]),
    "rider_categories.txt": Table(
      required: ["rider_category_id", "rider_category_name", "is_default_fare_category"],
      fields: [
        "rider_category_id", "rider_category_name", "is_default_fare_category", "eligibility_url",
      ], key: ["rider_category_id"], values: ["is_default_fare_category": ["0", "1"]]),
    "fare_media.txt": Table(
      required: ["fare_media_id", "fare_media_type"],
      fields: ["fare_media_id", "fare_media_name", "fare_media_type"], key: ["fare_media_id"],
      values: ["fare_media_type": ["0", "1", "2", "3", "4"]]),
    "fare_products.txt": Table(
      required: ["fare_product_id", "amount", "currency"],
      fields: [
        "fare_product_id", "fare_product_name", "rider_category_id", "fare_media_id", "amount",
        "currency",
      ], key: ["fare_product_id", "rider_category_id", "fare_media_id"],
      references: [
        "rider_category_id": ("rider_categories.txt", "rider_category_id"),
        "fare_media_id": ("fare_media.txt", "fare_media_id"),
      ]),
    "fare_leg_rules.txt": Table(
      required: ["fare_product_id"],
      fields: [
        "leg_group_id", "network_id", "from_area_id", "to_area_id", "from_timeframe_group_id",
        "to_timeframe_group_id", "fare_product_id", "rule_priority",
      ],
      key: [
        "network_id", "from_area_id", "to_area_id", "from_timeframe_group_id",
        "to_timeframe_group_id", "fare_product_id",
      ],
      references: [
        "network_id": ("networks.txt", "network_id"), "from_area_id": ("areas.txt", "area_id"),
        "to_area_id": ("areas.txt", "area_id"),
        "from_timeframe_group_id": ("timeframes.txt", "timeframe_group_id"),
        "to_timeframe_group_id": ("timeframes.txt", "timeframe_group_id"),
        "fare_product_id": ("fare_products.txt", "fare_product_id"),
      ]),
    "fare_transfer_rules.txt": Table(
      required: ["fare_transfer_type"],
      fields: [
        "from_leg_group_id", "to_leg_group_id", "transfer_count", "duration_limit",
        "duration_limit_type", "fare_transfer_type", "fare_product_id",
      ],
      key: [
        "from_leg_group_id", "to_leg_group_id", "fare_product_id", "transfer_count",
        "duration_limit",
      ],
      references: [
        "from_leg_group_id": ("fare_leg_rules.txt", "leg_group_id"),
        "to_leg_group_id": ("fare_leg_rules.txt", "leg_group_id"),
        "fare_product_id": ("fare_products.txt", "fare_product_id"),
      ],
      values: [
        "fare_transfer_type": ["0", "1", "2"], "duration_limit_type": ["", "0", "1", "2", "3"],
      ]),
    "networks.txt": Table(
      required: ["network_id"], fields: ["network_id", "network_name"], key: ["network_id"]),
    "route_networks.txt": Table(
      required: ["network_id", "route_id"], fields: ["network_id", "route_id"], key: ["route_id"],
      references: ["network_id": ("networks.txt", "network_id")]),
    "areas.txt": Table(
      required: ["area_id"], fields: ["area_id", "area_name"], key: ["area_id"]),
    "stop_areas.txt": Table(
      required: ["area_id", "stop_id"], fields: ["area_id", "stop_id"],
      key: ["area_id", "stop_id"],
      references: ["area_id": ("areas.txt", "area_id")]),
    "agency.txt": Table(
      required: ["agency_name", "agency_url", "agency_timezone"],
      fields: ["agency_id", "agency_name", "agency_url", "agency_timezone"], key: ["agency_id"]),
    "calendar.txt": Table(
      required: ["service_id", "monday", "sunday", "start_date", "end_date"],
      fields: [
        "service_id", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
        "start_date", "end_date",
      ], key: ["service_id"]),
    "calendar_dates.txt": Table(
      required: ["service_id", "date", "exception_type"],
      fields: ["service_id", "date", "exception_type"], key: ["service_id", "date"],
      values: ["exception_type": ["1", "2"]]),
  ]

  /// What breaks the reference in the files of a feed.
  static func faults(_ files: [(name: String, bytes: [UInt8])]) -> [String] {
    let feed = Dictionary(
      files.map { ($0.name, TariffTests.rows($0.bytes)) }, uniquingKeysWith: { first, _ in first })
    var faults: [String] = []
    for file in files {
      guard let table = tables[file.name] else {
        faults.append("\(file.name) is no file of the reference")
        continue
      }
      var reader = CSVReader(file.bytes)
      for name in CSVHeader(&reader)?.names ?? [] where !table.fields.contains(name) {
        faults.append("\(file.name) has a field \(name)")
      }
      var keys: Set<[String]> = []
      for row in feed[file.name] ?? [] {
        for field in table.required where row[field, default: ""].isEmpty {
          faults.append("\(file.name): \(field) is empty")
        }
        for (field, values) in table.values where !values.contains(row[field] ?? "") {
          faults.append("\(file.name): \(field) is \(row[field] ?? "")")
        }
        for (field, target) in table.references {
          guard let value = row[field], !value.isEmpty else { continue }
          if feed[target.file]?.contains(where: { $0[target.field] == value }) != true {
            faults.append("\(file.name): \(field) \(value) is not in \(target.file)")
          }
        }
        if !keys.insert(table.key.map { row[$0] ?? "" }).inserted {
          faults.append("\(file.name): two rows for \(table.key.map { row[$0] ?? "" })")
        }
      }
    }
    faults += transferFaults(feed["fare_transfer_rules.txt"] ?? [])
    for row in feed["timeframes.txt"] ?? []
    where (row["start_time"] ?? "") >= (row["end_time"] ?? "") {
      faults.append("a timeframe ends before it begins: \(row)")
    }
    let defaults = (feed["rider_categories.txt"] ?? []).count {
      $0["is_default_fare_category"] == "1"
    }
    if feed["rider_categories.txt"] != nil, defaults != 1 { faults.append("\(defaults) defaults") }
    return faults
  }

  /// Conditionally required and forbidden fields.
  private static func transferFaults(_ rows: [[String: String]]) -> [String] {
    rows.compactMap { row in
      let isSame = row["from_leg_group_id"] == row["to_leg_group_id"]
      let count = row["transfer_count"] ?? ""
      if isSame ? count.isEmpty || count == "0" : !count.isEmpty { return "transfer_count: \(row)" }
      let hasLimit = !(row["duration_limit"] ?? "").isEmpty
      return hasLimit != !(row["duration_limit_type"] ?? "").isEmpty ? "limit type: \(row)" : nil
    }
  }
}

/// The export against the published reference, and through an import back to the same fares.
struct FaresSpecTests {
  @Test(arguments: Folders.tariffs)
  func whatIsExportedKeepsToTheReference(_ name: String) throws {
    for tariff in try #require(try Folders.source(name).load().book).versions {
      #expect(Spec.faults(FaresExport(tariff, network: nil).files) == [])
    }
  }

  private static let rules = """
    effective: {from: 2024-01-01, until: 2024-12-31}
    currency: UAH
    timezone: Europe/Kyiv
    holidays: [2024-05-15]
    categories: [adult, pupil]
    zones: [1, 2]
    times:
      peak: [{days: weekdays, holidays: excluded, from: "07:00", through: "09:30"}]
      night: [{after: "22:00", before: "02:00"}]
    fares:
    - name: bus
      when: {mode: bus}
      price:
        by: time
        peak: {adult: {by: medium, card: 10, cash: 15}, pupil: 5}
        night: 20
        others: {adult: {by: medium, card: 8, cash: 12}, pupil: 4}
    - {name: rail, when: {mode: rail}, price: {by: zones, pairs: [{from: 1, to: 2, price: {by: time, peak: 9, others: 7}}]}}
    """

  @Test func timesMediaAndHolidaysGoOutAsTimeframesMediaAndCalendars() throws {
    let source = TariffSource(
      folder: "t", files: [TariffFile(path: "tariff.yaml", text: Self.rules)])
    let book = try #require(source.load().book)
    let export = FaresExport(book.versions[0], network: nil)
    #expect(Spec.faults(export.files) == [])
    #expect(export.notExpressed == ["which routes belong to which fare: no network was given"])
    func table(_ name: String) -> [[String: String]] {
      rows(export.files.first { $0.name == name }?.bytes ?? [])
    }
    let frames = table("timeframes.txt").map {
      "\($0["timeframe_group_id"] ?? "") \($0["start_time"] ?? "") \($0["end_time"] ?? "")"
    }
    #expect(
      frames == [
        "peak 07:00:00 09:30:01", "night 22:00:01 24:00:00", "night 00:00:00 02:00:00",
      ])
    #expect(table("calendar_dates.txt").map { $0["date"] } == ["20240515"])
    let cash = table("fare_products.txt").filter {
      $0["fare_media_id"] == "cash" && $0["rider_category_id"] == "adult"
    }
    #expect(
      cash.compactMap { $0["amount"] } == [
        "15.00", "20.00", "12.00", "9.00", "9.00", "7.00", "7.00",
      ])
  }

  @Test func timeframesAndMediaComeBackWithTheSameFares() throws {
    let text = Self.rules.replacingOccurrences(of: "holidays: [2024-05-15]\n", with: "")
    let source = TariffSource(folder: "t", files: [TariffFile(path: "tariff.yaml", text: text)])
    let before = try #require(source.load().book?.versions.first)
    let export = FaresExport(before, network: nil)
    let imported = try FaresImport(files: export.files, folder: "back", from: before.firstDay)
    let reading = TariffSource(
      folder: "back", files: [TariffFile(path: "tariff.yaml", text: imported.yaml)]
    ).load()
    let after = try #require(reading.book?.versions.first, "\(reading.faults) \(imported.yaml)")
    let day = try #require(Day("2024-05-14"))
    for clock in [
      "06:59:59", "07:00:00", "09:30:00", "09:30:01", "22:00:00", "22:00:01", "01:59:59",
    ] {
      for (category, medium) in [("adult", "card"), ("adult", "cash"), ("pupil", "card")] {
        let at = try #require(Instant(iso8601: "2024-05-14T\(clock)+03:00"))
        func charged(_ tariff: CompiledTariff, route: String?) -> [Int64?] {
          var tap = FareTap(
            ref: 0, at: at, kind: .single, medium: .card, category: category, mode: .bus,
            route: route)
          tap.mediumName = medium
          return tariff.rate(day: day, state: .empty, taps: [tap]).rides.map(\.chargedMinor)
        }
        // Without a network the routes of a fare are not known; its network's name stands for them.
        let first = charged(before, route: nil)
        #expect(charged(after, route: "network_1") == first, "\(clock) \(category) \(medium)")
        #expect(first != [nil])
      }
    }
  }

  /// A leg rule has one timeframe or none: what asks for more is named, and not written as something else.
  @Test(arguments: [
    ("when: {not: {time: peak}}, price: 8", "its condition on not being in a time"),
    ("when: {not: {to_time: peak}}, price: 8", "its condition on not being in a time"),
    ("when: {time: [peak, night]}, price: 8", "its condition on several times"),
    (
      "when: {any: [{time: peak}, {medium: card}]}, price: 8",
      "its condition on a time or something else"
    ),
    (
      "when: {time: peak}, price: {by: time, night: 9, others: 8}",
      "a price by time beside its condition on another time"
    ),
  ])
  func aConditionOnTimesThatNoLegRuleHasIsNamed(_ rule: String, _ why: String) throws {
    let text = """
      effective: {from: 2024-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      categories: [adult]
      times: {peak: [{from: "07:00", before: "10:00"}], night: [{from: "22:00", before: "23:00"}]}
      fares:
      - {name: bus, \(rule)}
      - {name: early, when: {time: peak}, price: 5}
      rounding: {to: 0.50, rounding: down}
      companions: {as: adult}
      stored_value: {top_up_fee: 2%}
      """
    let source = TariffSource(folder: "t", files: [TariffFile(path: "tariff.yaml", text: text)])
    let reading = source.load()
    let tariff = try #require(reading.book?.versions.first, "\(reading.faults)")
    let export = FaresExport(tariff, network: nil)
    #expect(Spec.faults(export.files) == [])
    #expect(
      export.notExpressed == [
        "fare \"bus\": \(why)", "which routes belong to which fare: no network was given",
        "rounding of what a ride is charged in the end",
        "companions: the category by which they pay", "stored value: the fee of its top-ups",
      ])
    let legs = rows(export.files.first { $0.name == "fare_leg_rules.txt" }?.bytes ?? [])
    #expect(legs.map { $0["from_timeframe_group_id"] } == ["peak"])
    #expect(legs.map { $0["fare_product_id"] } == ["fare_2_time_1"])
  }

  private static let feed: [(name: String, text: String)] = [
    (
      "agency.txt",
      "agency_id,agency_name,agency_url,agency_timezone\na,A,https://a.example,Europe/Kyiv\n"
    ),
    (
      "calendar.txt",
      """
      service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date
      work,1,1,1,1,1,0,0,20240101,20241231
      """
    ),
    (
      "calendar_dates.txt",
      """
      service_id,date,exception_type
      work,20240515,2
      work,20240518,1
      feast,20240515,1
      """
    ),
    (
      "timeframes.txt",
      """
      timeframe_group_id,start_time,end_time,service_id
      peak,07:00:00,10:00:00,work
      feast,00:00:00,24:00:00,feast
      """
    ),
    (
      "fare_products.txt",
      "fare_product_id,amount,currency\npeak,10,UAH\nlate,7,UAH\nfeast,1,UAH\nplain,5,UAH\n"
    ),
    (
      "fare_leg_rules.txt",
      """
      from_timeframe_group_id,to_timeframe_group_id,fare_product_id,rule_priority
      feast,,feast,4
      peak,peak,peak,3
      peak,,late,2
      ,,plain,1
      """
    ),
  ]

  @Test func datesAndTheTimeOfTheEndComeInFromTheFeed() throws {
    let files = Self.feed.map { (name: $0.name, bytes: Array($0.text.utf8)) }
    let from = try #require(Day("2024-01-01"))
    let imported = try FaresImport(files: files, folder: "in", from: from)
    #expect(imported.notes == [])
    let source = TariffSource(
      folder: "in", files: [TariffFile(path: "tariff.yaml", text: imported.yaml)])
    let tariff = try #require(source.load().book?.versions.first, "\(imported.yaml)")
    func charged(_ tariff: CompiledTariff, _ day: String, _ on: String, _ off: String) throws
      -> [Int64?]
    {
      let date = try #require(Day(day))
      let taps = try [(on, TapKind.on), (off, TapKind.off)].enumerated().map { index, tap in
        FareTap(
          ref: index, at: try #require(Instant(iso8601: "\(day)T\(tap.0):00+03:00")), kind: tap.1,
          medium: .card, category: "adult", mode: .bus, route: "network_1")
      }
      return tariff.rate(day: date, state: .empty, taps: taps).rides.map(\.chargedMinor)
    }
    let cases: [(day: String, on: String, off: String, pays: Int64)] = [
      ("2024-05-14", "08:00", "09:59", 1000),
      // The end of a timeframe is outside it.
      ("2024-05-14", "08:00", "10:00", 700),
      ("2024-05-14", "06:59", "08:00", 500),
      // A Wednesday that is a feast, and a Saturday on which people work.
      ("2024-05-15", "08:00", "09:00", 100),
      ("2024-05-18", "08:00", "09:00", 1000),
      ("2024-05-25", "08:00", "09:00", 500),
    ]
    for wanted in cases {
      #expect(
        try charged(tariff, wanted.day, wanted.on, wanted.off) == [wanted.pays], "\(wanted)")
    }
    // Out again and in again, nothing is lost.
    let export = FaresExport(tariff, network: nil)
    #expect(Spec.faults(export.files) == [])
    let legs = rows(export.files.first { $0.name == "fare_leg_rules.txt" }?.bytes ?? [])
    #expect(legs.map { $0["to_timeframe_group_id"] }.contains("peak"))
    let dates = rows(export.files.first { $0.name == "calendar_dates.txt" }?.bytes ?? [])
    #expect(Set(dates.compactMap { $0["date"] }) == ["20240515", "20240518"])
  }

  @Test(arguments: [("{supplement: 1.50}", "0", "1.50", 150), ("{discount: 3}", "1", "-3.00", 500)])
  func supplementsAndDiscountsGoOutAsProductsAndComeBack(
    _ pays: String, _ kind: String, _ amount: String, _ charged: Int64
  ) throws {
    let text = """
      effective: {from: 2024-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      categories: [adult]
      fares: [{name: bus, when: {mode: bus}, price: 8}]
      transfers: [{name: t, within: 30 min, count: 1, pays: \(pays)}]
      """
    let source = TariffSource(folder: "t", files: [TariffFile(path: "tariff.yaml", text: text)])
    let before = try #require(source.load().book?.versions.first)
    let export = FaresExport(before, network: nil)
    #expect(Spec.faults(export.files) == [])
    let rules = rows(export.files.first { $0.name == "fare_transfer_rules.txt" }?.bytes ?? [])
    #expect(rules.map { $0["fare_transfer_type"] } == [kind])
    let products = rows(export.files.first { $0.name == "fare_products.txt" }?.bytes ?? [])
    #expect(products.map { $0["amount"] } == ["8.00", amount])
    let imported = try FaresImport(files: export.files, folder: "back", from: before.firstDay)
    let after = try #require(
      TariffSource(
        folder: "back", files: [TariffFile(path: "tariff.yaml", text: imported.yaml)]
      ).load().book?.versions.first, "\(imported.yaml)")
    let day = try #require(Day("2024-05-14"))
    let start = try #require(Instant(iso8601: "2024-05-14T08:00:00+03:00"))
    for (tariff, route) in [(before, nil), (after, "network_1")] {
      let taps = [Int64(0), 30, 31].enumerated().map { index, minute in
        FareTap(
          ref: index, at: start.adding(seconds: minute * 60), kind: .single, medium: .card,
          category: "adult", mode: .bus, route: route)
      }
      let rides = tariff.rate(day: day, state: .empty, taps: taps).rides
      #expect(rides.map(\.chargedMinor) == [800, charged, 800], "\(imported.yaml)")
    }
  }
}
