package import Basics
import Transit

/// Rates a table of taps without a database: what `tariff price` does.
package enum PriceTable {
  /// What lies beside the taps: products bought and stored value, as CSV.
  package struct Supplements: Sendable {
    /// `case,category,product,bought_at`.
    package var products: [UInt8]?
    /// `case,category,initial_balance`, in minor units of the currency of the fare day of the rider's first tap.
    package var balances: [UInt8]?

    /// Makes supplements; nil where there are none.
    package init(products: [UInt8]? = nil, balances: [UInt8]? = nil) {
      self.products = products
      self.balances = balances
    }
  }

  /// Taps in, rides with prices out, both as CSV of interfaces.md.
  package static func price(
    taps: [UInt8], book: TariffBook, beside supplements: Supplements = Supplements(),
    language: Language = .english, file: String = "taps.csv"
  ) throws(TariffFault) -> [UInt8] {
    let riders = try riders(taps: taps, book: book, beside: supplements, file: file)
    var writer = CSVWriter()
    writer.row(["case", "category", "ride", "charged", "total", "nominal", "reason"])
    for rider in riders {
      let (rides, unpaired) = outcome(of: rider, book: book)
      let total = rides.reduce(Int64(0)) { $0 + ($1.chargedMinor ?? 0) }
      if rides.isEmpty {
        // Only taps off: whoever reads the table still finds the rider, with nothing to pay.
        let reason =
          unpaired.first?.sentence(in: language)
          ?? Bilingual(uk: "жодної поїздки", en: "no ride")[language]
        writer.row([rider.name, rider.category, "0", "", "0", "", reason])
      }
      for (index, ride) in rides.enumerated() {
        writer.row([
          rider.name, rider.category, String(index + 1), text(ride.chargedMinor), String(total),
          text(ride.nominalMinor), ride.reason.sentence(in: language),
        ])
      }
    }
    return writer.bytes
  }

  /// The riders of a table with what they bought and hold.
  static func riders(
    taps: [UInt8], book: TariffBook, beside supplements: Supplements, file: String
  ) throws(TariffFault) -> [PricedRider] {
    var riders = try PriceTableReader.read(taps, file: file)
    if let products = supplements.products {
      let known = Set(book.versions.flatMap(\.products))
      try PriceTableReader.addProducts(products, to: &riders, known: known, file: "products.csv")
    }
    if let balances = supplements.balances {
      try PriceTableReader.addBalances(balances, to: &riders, file: "balances.csv")
    }
    return riders
  }

  private static func text(_ minor: Int64?) -> String { minor.map(String.init) ?? "unknown" }

  /// All rides of a rider, fare day by fare day, as the service would rate them.
  package static func rides(of rider: PricedRider, book: TariffBook) -> [RatedRide] {
    outcome(of: rider, book: book).rides
  }

  /// All rides of a rider, and the taps off that ended none.
  static func outcome(
    of rider: PricedRider, book: TariffBook
  ) -> (rides: [RatedRide], unpaired: [UnpairedTap]) {
    var days: [Day: (taps: [FareTap], purchases: [FarePurchase])] = [:]
    for tap in rider.taps {
      days[book.fareDay(of: tap.at), default: ([], [])].taps.append(tap)
    }
    for purchase in rider.purchases {
      days[book.fareDay(of: purchase.at), default: ([], [])].purchases.append(purchase)
    }
    var state = RiderState.empty
    state.balanceMinor = rider.balanceMinor
    var rides: [RatedRide] = []
    var unpaired: [UnpairedTap] = []
    let order = days.keys.sorted()
    let ridden = order.lazy.filter { days[$0]?.taps.isEmpty == false }
    let currency = ridden.compactMap { book.tariff(on: $0)?.currency }.first
    for day in order {
      guard let part = days[day] else { continue }
      // Stored value of one currency is none of another.
      let now = part.taps.isEmpty ? nil : book.tariff(on: day)?.currency
      if let now, now != currency { state.balanceMinor = nil }
      let rated = book.rate(
        day: day, state: state, taps: part.taps, purchases: part.purchases)
      rides += rated.rides
      unpaired += rated.unpaired
      state = rated.state
    }
    rides += book.close(state).rides
    return (rides.sorted { $0.at < $1.at }, unpaired)
  }
}

/// One rider of a table: a case and a category.
package struct PricedRider: Sendable {
  package var name: String
  package var category: String
  package var taps: [FareTap] = []
  package var purchases: [FarePurchase] = []
  /// Stored value in the currency of the fare day of the first tap, with which it ends.
  package var balanceMinor: Int64?

  /// Makes a rider.
  package init(
    name: String, category: String, taps: [FareTap] = [], purchases: [FarePurchase] = [],
    balanceMinor: Int64? = nil
  ) {
    self.name = name
    self.category = category
    self.taps = taps
    self.purchases = purchases
    self.balanceMinor = balanceMinor
  }
}

extension TariffBook {
  /// The clock of a fare day: that of the version that began last by then; nil before the first.
  ///
  /// Days without a version keep the clock of those before them, whatever is published for days to come.
  package func clock(of day: Day) -> CityClock? {
    versions.last { $0.firstDay <= day }?.cityClock
  }

  /// The fare day of a moment by the clock of its day; before the first version by another one.
  package func fareDay(of moment: Instant, before first: CityClock? = nil) -> Day {
    var next: Day?
    for version in versions.reversed() {
      let day = version.cityClock.fareDay(of: moment)
      if version.firstDay <= day { return next.map { min(day, $0.adding(days: -1)) } ?? day }
      next = version.firstDay
    }
    let day = (first ?? versions[0].cityClock).fareDay(of: moment)
    return min(day, versions[0].firstDay.adding(days: -1))
  }
}

/// Reads the tables of `tariff price`.
enum PriceTableReader {
  /// Largest balance in minor units that is believed.
  static let balanceMax = 1_000_000_000_000

  /// Taps by rider, riders in order of their first row.
  static func read(_ bytes: [UInt8], file: String) throws(TariffFault) -> [PricedRider] {
    var reader = CSVReader(bytes)
    guard let header = CSVHeader(&reader) else {
      throw TariffFault(file: file, line: 1, message: "no header row")
    }
    let missing = header.missing(of: ["case", "tap_time", "kind"])
    guard missing.isEmpty else {
      throw TariffFault(
        file: file, line: 1, message: "no column \(missing.joined(separator: ", "))")
    }
    var riders: [PricedRider] = []
    var places: [String: Int] = [:]
    var count = 0
    while reader.next() {
      if let fault = reader.fault {
        throw TariffFault(file: file, line: reader.line, message: fault.description)
      }
      let tap = try tap(&reader, header, ref: count, file: file)
      count += 1
      let name = reader.text(header["case"])
      let key = name + "\u{1F}" + tap.category
      let place = places[key] ?? riders.count
      if place == riders.count {
        places[key] = place
        riders.append(PricedRider(name: name, category: tap.category))
      }
      riders[place].taps.append(tap)
    }
    return riders
  }

  private static func tap(
    _ reader: inout CSVReader, _ header: CSVHeader, ref: Int, file: String
  ) throws(TariffFault) -> FareTap {
    func fault(_ column: String, _ wanted: String) -> TariffFault {
      TariffFault(
        file: file, line: reader.line,
        message: "\(column) is \"\(reader.text(header[column]))\"; it should be \(wanted)")
    }
    func optional(_ column: String) -> String? {
      let text = reader.text(header[column])
      return text.isEmpty ? nil : text
    }
    guard let at = Instant(iso8601: reader.text(header["tap_time"])) else {
      throw fault("tap_time", "a moment such as 2026-11-22T07:30:58+02:00")
    }
    guard let kind = TapKind(rawValue: reader.text(header["kind"])) else {
      throw fault("kind", "on, off or single")
    }
    let media = optional("media") ?? "card"
    let mode = optional("mode")
    var tap = FareTap(
      ref: ref, at: at, kind: kind, medium: MediumKind(rawValue: media) ?? .card,
      category: reader.text(header["category"]), mode: mode.flatMap { Mode(rawValue: $0) },
      operatorID: optional("operator"), route: optional("route"), vehicle: optional("vehicle"),
      stop: optional("stop"), zone: optional("zone"))
    tap.modeName = mode
    tap.mediumName = media
    if let latitude = reader.decimal(header["lat"]), let longitude = reader.decimal(header["lon"]) {
      tap.coordinate = Coordinate(latitude: latitude, longitude: longitude)
    } else if optional("lat") != nil || optional("lon") != nil {
      throw fault("lat", "degrees, together with lon")
    }
    if optional("distance_km") != nil {
      guard let km = reader.decimal(header["distance_km"]), km >= 0, km < 100_000 else {
        throw fault("distance_km", "kilometres")
      }
      tap.distanceMetres = Int((km * 1000).rounded())
    }
    tap.riders = min(max(1, reader.integer(header["riders"]) ?? 1), CompiledTariff.ridersMax)
    tap.direction = reader.integer(header["direction"])
    tap.stopCount = reader.integer(header["stop_count"])
    return tap
  }

  static func addProducts(
    _ bytes: [UInt8], to riders: inout [PricedRider], known: Set<String>, file: String
  ) throws(TariffFault) {
    try each(bytes, ["case", "category", "product", "bought_at"], file) {
      (reader, header) throws(TariffFault) in
      guard let at = Instant(iso8601: reader.text(header["bought_at"])) else {
        throw TariffFault(file: file, line: reader.line, message: "bought_at is not a moment")
      }
      let purchase = FarePurchase(product: reader.text(header["product"]), at: at)
      guard known.contains(purchase.product) else {
        throw TariffFault(
          file: file, line: reader.line,
          message: known.isEmpty
            ? "the tariff has no product \"\(purchase.product)\": it has none at all"
            : "the tariff has no product \"\(purchase.product)\"; it has: "
              + known.sorted().joined(separator: ", "))
      }
      let name = reader.text(header["case"])
      let category = reader.text(header["category"])
      for index in riders.indices
      where riders[index].name == name && riders[index].category == category {
        riders[index].purchases.append(purchase)
      }
    }
  }

  static func addBalances(
    _ bytes: [UInt8], to riders: inout [PricedRider], file: String
  ) throws(TariffFault) {
    try each(bytes, ["case", "category", "initial_balance"], file) {
      (reader, header) throws(TariffFault) in
      guard let balance = reader.integer(header["initial_balance"]),
        (-PriceTableReader.balanceMax...PriceTableReader.balanceMax).contains(balance)
      else {
        throw TariffFault(
          file: file, line: reader.line,
          message: "initial_balance is not a whole number of minor units")
      }
      let name = reader.text(header["case"])
      let category = reader.text(header["category"])
      for index in riders.indices
      where riders[index].name == name && riders[index].category == category {
        riders[index].balanceMinor = Int64(balance)
      }
    }
  }

  private static func each(
    _ bytes: [UInt8], _ columns: [String], _ file: String,
    _ body: (inout CSVReader, CSVHeader) throws(TariffFault) -> Void
  ) throws(TariffFault) {
    var reader = CSVReader(bytes)
    guard let header = CSVHeader(&reader) else {
      throw TariffFault(file: file, line: 1, message: "no header row")
    }
    let missing = header.missing(of: columns)
    guard missing.isEmpty else {
      throw TariffFault(
        file: file, line: 1, message: "no column \(missing.joined(separator: ", "))")
    }
    while reader.next() {
      if let fault = reader.fault {
        throw TariffFault(file: file, line: reader.line, message: fault.description)
      }
      try body(&reader, header)
    }
  }
}
