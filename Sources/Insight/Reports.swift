package import Basics
import Ledger
import Store
import Transit

extension InsightDesk {
  /// The report of a fare day: rides and revenue by operator and mode, and by category.
  package func dailyReport(
    _ day: Day, operatorID: String? = nil, madeAt: Instant
  ) async throws -> Report {
    let city = city.current
    return try await store.read { db in
      let sums = try await db.reports.rideSums(
        days: day...day, by: [.operatorID, .mode], operatorID: operatorID)
      let categories = try await db.reports.rideSums(
        days: day...day, by: [.category], operatorID: operatorID)
      let writer = SumsTable(names: try await OperatorNames(on: day, of: city, in: db))
      let scope = try await OperatorScope(operatorID, on: day...day, of: city, in: db)
      return Report(
        name: "daily", title: Bilingual(uk: "Звіт за день", en: "Daily report"), days: day...day,
        operatorID: operatorID, madeAt: madeAt,
        tables: [
          writer.table(
            "operators", Bilingual(uk: "За перевізниками", en: "By operator"), sums,
            by: [.operatorID, .mode]),
          writer.table(
            "categories", Bilingual(uk: "За категоріями", en: "By category"), categories,
            by: [.category]),
        ], notes: try await Self.notes(day...day, scope, in: db))
    }
  }

  /// Rides and revenue of operators over some fare days, what the books owe them, and each day.
  package func operatorsReport(
    _ days: ClosedRange<Day>, operatorID: String? = nil, madeAt: Instant
  ) async throws -> Report {
    precondition(
      days.upperBound.number - days.lowerBound.number < Self.reportDaysMax, "too many days asked")
    let city = city.current
    return try await store.read { db in
      let byDay = try await db.reports.rideSums(
        days: days, by: [.operatorID, .day], operatorID: operatorID)
      let sums = try await db.reports.rideSums(
        days: days, by: [.operatorID], operatorID: operatorID)
      let booked = try await db.reports.booked(
        days: days, accounts: [AccountCode.operators, AccountCode.unknownOperator],
        operatorID: operatorID)
      let writer = SumsTable(
        names: try await OperatorNames(on: days.upperBound, of: city, in: db))
      let scope = try await OperatorScope(operatorID, on: days, of: city, in: db)
      var first = writer.table(
        "operators", Bilingual(uk: "За перевізниками", en: "By operator"), sums,
        by: [.operatorID])
      first.addBooked(booked, to: sums)
      var second = writer.table(
        "days", Bilingual(uk: "За днями", en: "By day"), byDay, by: [.operatorID, .day])
      // The same rides: a total of the days that were read would not be one.
      if second.isPart { second.totals = SumsTable.totals(of: sums, labels: 3) }
      return Report(
        name: "operators", title: Bilingual(uk: "Звіт за перевізниками", en: "Operators' report"),
        days: days, operatorID: operatorID, madeAt: madeAt, tables: [first, second],
        notes: try await Self.notes(days, scope, in: db)
          + [first, second].filter(\.isPart).map { ReportNote.cut($0) })
    }
  }

  /// What is missing from the sums of some days; the rider-days that wait may be told of others.
  static func notes(
    _ days: ClosedRange<Day>, _ scope: OperatorScope, waiting waitingDays: ClosedRange<Day>? = nil,
    in db: StoreSession
  ) async throws -> [ReportNote] {
    let journal = try await db.standing.journal()
    let backlog = try await db.standing.backlog(days: waitingDays ?? days)
    let gaps = try await db.standing.gaps()
    let known = try await scope.completeness(in: db)
    func note(
      _ key: String, uk: String, en: String, _ count: Int64, isMissing: Bool
    ) -> ReportNote {
      ReportNote(key: key, text: Bilingual(uk: uk, en: en), count: count, isMissing: isMissing)
    }
    let isCounted = days.upperBound.number - days.lowerBound.number < countedDaysMax
    let counted = [
      note("taps", uk: "Валідацій", en: "Taps", known.taps, isMissing: false),
      note(
        "taps_denied", uk: "З них відхилено", en: "Of them denied", known.deniedTaps,
        isMissing: false),
      note(
        "boardings", uk: "Посадок із зупинкою чи без", en: "Boardings, with a stop or without",
        known.boardings, isMissing: false),
      note(
        "boardings_unplaced", uk: "З них без зупинки", en: "Of them without a stop",
        known.unplacedBoardings, isMissing: false),
    ]
    return (isCounted ? counted : []) + [
      note(
        "batches_unsorted", uk: "Пакетів чекають на сортування", en: "Batches waiting to be sorted",
        Int64(journal.unsortedBatches), isMissing: true),
      note(
        "batches_set_aside", uk: "Пакетів відкладено для людини",
        en: "Batches set aside for a person", Int64(journal.setAsideBatches), isMissing: true),
      note(
        "taps_quarantined", uk: "Валідацій у карантині (усі дні)",
        en: "Taps in quarantine (all days)", journal.quarantined, isMissing: true),
      note(
        "taps_released", uk: "Валідацій випущено з карантину й не відсортовано (усі дні)",
        en: "Taps released and not sorted yet (all days)", journal.releasedUnsorted,
        isMissing: true),
      note(
        "rider_days_stale", uk: "Днів пасажирів ще не тарифіковано",
        en: "Rider-days not rated yet", Int64(backlog.riderDays), isMissing: true),
      note(
        "gap_numbers", uk: "Номерів валідацій бракує (усі дні)",
        en: "Tap numbers missing (all days)", gaps.numbers, isMissing: true),
      note(
        "gap_devices", uk: "Валідаторів із пропусками", en: "Validators with gaps",
        Int64(gaps.devices), isMissing: false),
    ] + ReportNote.versions(known.tariffVersions)
  }
}

/// Writes sums of rides as a table.
struct SumsTable {
  let names: OperatorNames

  func table(
    _ key: String, _ title: Bilingual, _ sums: [RideSums], by groupings: [RideGrouping]
  ) -> ReportTable {
    let labels = groupings.flatMap(Self.columns)
    return ReportTable(
      key: key, title: title, columns: labels + Self.numberColumns,
      rows: sums.map { sum in groupings.flatMap { cells(sum, $0) } + Self.numbers(sum) },
      totals: Self.totals(of: sums, labels: labels.count),
      isPart: sums.count >= ReportTables.groupsMax)
  }

  /// Sums by currency, after as many columns of words as the table has.
  static func totals(of sums: [RideSums], labels: Int) -> [[ReportCell]] {
    RideSums.totals(sums).map { total in
      (0..<labels).map { $0 == 0 ? ReportMaker.total : ReportCell.text("") } + numbers(total)
    }
  }

  private static func columns(_ grouping: RideGrouping) -> [ReportColumn] {
    switch grouping {
    case .day: [ReportColumn(figure: "fare_day")]
    case .operatorID: [ReportColumn(figure: "operator"), ReportColumn(figure: "operator_name")]
    case .mode: [ReportColumn(figure: "mode")]
    case .category: [ReportColumn(figure: "category")]
    }
  }

  private static let numberColumns = [
    "rides", "people", "charged_minor", "nominal_minor", "free_rides", "unknown_rides", "currency",
  ].map(ReportColumn.init(figure:))

  private func cells(_ sums: RideSums, _ grouping: RideGrouping) -> [ReportCell] {
    switch grouping {
    case .day: [sums.day.map(ReportCell.date) ?? .none]
    case .operatorID:
      [
        sums.operatorID.map(ReportCell.text) ?? .none,
        names.name(of: sums.operatorID).map(ReportCell.text) ?? .none,
      ]
    case .mode: [sums.mode.map { .label($0.rawValue, $0.title) } ?? .none]
    case .category: [sums.category.map(ReportCell.text) ?? .none]
    }
  }

  private static func numbers(_ sums: RideSums) -> [ReportCell] {
    [
      .count(sums.rides), .count(sums.people),
      .money(Money(minor: sums.chargedMinor, currency: sums.currency)),
      .money(Money(minor: sums.nominalMinor, currency: sums.currency)), .count(sums.freeRides),
      .count(sums.unknownRides), .text(sums.currency.code),
    ]
  }
}

extension ReportColumn {
  /// The column of a figure, headed and explained as in every report.
  fileprivate init(figure key: String) {
    guard let words = ReportFigures.find(key) else { preconditionFailure("\(key) is no figure") }
    self.init(words.key, words.header, words.kind, meaning: words.meaning)
  }
}

extension ReportTable {
  /// Adds what the books owe, before the currency: the same as what was charged, once all is rated.
  fileprivate mutating func addBooked(
    _ booked: [(operatorID: String?, currency: Currency, minor: Int64)], to sums: [RideSums]
  ) {
    let place = columns.count - 1
    columns.insert(ReportColumn(figure: "booked_minor"), at: place)
    for (index, sum) in sums.enumerated() {
      let owed = booked.filter { $0.operatorID == sum.operatorID && $0.currency == sum.currency }
      let minor = owed.reduce(0) { $0 + $1.minor }
      rows[index].insert(.money(Money(minor: minor, currency: sum.currency)), at: place)
    }
    for (index, total) in RideSums.totals(sums).enumerated() {
      let minor = booked.filter { $0.currency == total.currency }.reduce(0) { $0 + $1.minor }
      totals[index].insert(.money(Money(minor: minor, currency: total.currency)), at: place)
    }
  }
}

extension Mode {
  /// What people call a vehicle of the mode.
  package var title: Bilingual {
    switch self {
    case .bus: Bilingual(uk: "автобус", en: "bus")
    case .trolleybus: Bilingual(uk: "тролейбус", en: "trolleybus")
    case .tram: Bilingual(uk: "трамвай", en: "tram")
    case .metro: Bilingual(uk: "метро", en: "metro")
    case .rail: Bilingual(uk: "залізниця", en: "rail")
    case .ferry: Bilingual(uk: "пором", en: "ferry")
    case .funicular: Bilingual(uk: "фунікулер", en: "funicular")
    case .cableCar: Bilingual(uk: "канатна дорога", en: "cable car")
    case .monorail: Bilingual(uk: "монорейка", en: "monorail")
    }
  }
}
