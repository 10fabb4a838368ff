import Basics
package import Transit

/// The fares of a tariff as tables of GTFS Fares v2.
package struct FaresExport: Sendable {
  /// Files of the feed: name and CSV text.
  package var files: [(name: String, bytes: [UInt8])]
  /// What the tariff says that Fares v2 cannot.
  package var notExpressed: [String]

  /// Writes what can be expressed; with a network, also which routes and stops the fares hold for.
  package init(_ tariff: CompiledTariff, network: Network?) {
    var writer = FaresExportWriter(tariff: tariff, network: network)
    writer.write()
    files = writer.files
    notExpressed = writer.notes
  }

  /// The feed as a zip archive.
  package var zip: [UInt8] { ZipArchive.make(files: files) }
}

struct FaresExportWriter {
  let tariff: CompiledTariff
  let network: Network?
  var files: [(name: String, bytes: [UInt8])] = []
  var notes: [String] = []
  var products = CSVWriter()
  private var legs = CSVWriter()
  var networks: [(id: String, rule: Int)] = []

  init(tariff: CompiledTariff, network: Network?) {
    self.tariff = tariff
    self.network = network
  }

  mutating func note(_ text: String) {
    if !notes.contains(text) { notes.append(text) }
  }

  mutating func write() {
    let tables = tariff.tables
    products.row([
      "fare_product_id", "fare_product_name", "rider_category_id", "fare_media_id", "amount",
      "currency",
    ])
    legs.row([
      "leg_group_id", "network_id", "from_area_id", "to_area_id", "from_timeframe_group_id",
      "to_timeframe_group_id", "fare_product_id", "rule_priority",
    ])
    for index in tables.fares.indices { writeFare(index) }
    writeAgency()
    writeCategories()
    writeMedia()
    let transfers = transferRows()
    files.append(("fare_products.txt", products.bytes))
    files.append(("fare_leg_rules.txt", legs.bytes))
    writeTimeframes()
    writeNetworks()
    writeAreas()
    if let transfers { files.append(("fare_transfer_rules.txt", transfers)) }
    for cap in tables.caps { note("cap \"\(cap.name)\": Fares v2 has no caps") }
    for product in tables.products {
      note("product \"\(product.name)\": Fares v2 does not say how long a product is valid")
    }
    for chain in tables.chains { note("chain \"\(chain.name)\": linked rides priced as one") }
    for ticket in tables.tickets { note("ticket \"\(ticket.name)\": cheapest cover of rides") }
    for fee in tables.surcharges { note("surcharge \"\(fee.name)\"") }
    for rule in tables.repeats { note("repeat discount \"\(rule.name)\"") }
    if tables.rounding != nil { note("rounding of what a ride is charged in the end") }
    if tables.companionCategory >= 0 { note("companions: the category by which they pay") }
    if tables.storedValue != nil { note("stored value: the fee of its top-ups") }
  }

  private mutating func writeAgency() {
    var writer = CSVWriter()
    writer.row(["agency_id", "agency_name", "agency_url", "agency_timezone"])
    let operators =
      network?.operators.map { ($0.id, $0.name, $0.url) } ?? [(tariff.name, tariff.name, "")]
    for (id, name, url) in operators {
      writer.row([
        id, name, url.isEmpty ? "https://example.org/" : url, tariff.cityClock.zone.name,
      ])
    }
    files.append(("agency.txt", writer.bytes))
  }

  private mutating func writeCategories() {
    var writer = CSVWriter()
    writer.row(["rider_category_id", "rider_category_name", "is_default_fare_category"])
    for (index, category) in tariff.tables.categories.enumerated() {
      writer.row([category.name, category.title.english, index == 0 ? "1" : "0"])
      if category.isFree {
        note("category \"\(category.name)\": what its free rides cost by themselves")
      }
      if category.proofTag != 0 { note("category \"\(category.name)\": its proof and expiry") }
    }
    files.append(("rider_categories.txt", writer.bytes))
  }

  /// Media of the tariff with their kinds in Fares v2.
  private static let mediaKinds = ["cash": "0", "qr": "1", "card": "2", "bank": "3", "phone": "4"]

  private mutating func writeMedia() {
    var writer = CSVWriter()
    writer.row(["fare_media_id", "fare_media_name", "fare_media_type"])
    for medium in media() { writer.row([medium, medium, Self.mediaKinds[medium] ?? "0"]) }
    files.append(("fare_media.txt", writer.bytes))
  }

  private func media() -> [String] {
    let named = tariff.tables.symbols[.medium].names
    return Self.mediaKinds.keys.sorted().filter { named.contains($0) }
  }

  // MARK: Fares

  private mutating func writeFare(_ index: Int) {
    let fare = tariff.tables.fares[index]
    guard let obstacle = obstacle(fare) else {
      let network = "network_\(index + 1)"
      networks.append((network, index))
      writeLegs(fare, index: index, network: network)
      return
    }
    note("fare \"\(fare.name)\": \(obstacle)")
  }

  /// Why a fare cannot be written; nil when it can.
  private func obstacle(_ fare: FareRule) -> String? {
    for test in fare.condition.clauses.joined() {
      switch test.dimension {
      case .mode, .operatorID, .route, .service, .category, .medium, .time, .toTime: continue
      default: return "its condition on \(test.dimension)"
      }
    }
    if let why = timeObstacle(in: fare) { return why }
    return obstacle(in: fare.node)
  }

  private func obstacle(in node: Int32) -> String? {
    guard node >= 0 else { return nil }
    switch tariff.tables.nodes[Int(node)] {
    case .amount, .unknown: return nil
    case .choice(let dimension, let table, let others):
      guard [.category, .medium].contains(dimension) else { return "a price by \(dimension)" }
      return (table + [others]).compactMap { obstacle(in: $0) }.first
    case .times(let choices, let others):
      if let why = choices.compactMap({ timeObstacle($0.mask) }).first { return why }
      return (choices.map(\.node) + [others]).compactMap { obstacle(in: $0) }.first
    case .pairs(let ofStops, let table, let others):
      if ofStops { return "prices by pairs of stops" }
      return (Array(table.values) + [others]).compactMap { obstacle(in: $0) }.first
    case .share(let base, _): return obstacle(in: base)
    case .sum(let parts): return parts.compactMap { obstacle(in: $0) }.first
    case .bands: return "bands of distance, stops or zones"
    case .dates: return "prices by date"
    case .ends: return "prices by ends of a journey"
    case .perUnit: return "prices by the kilometre"
    case .farthestZone: return "prices by the farthest zone"
    }
  }

  /// A rule for each time and pair of zones that the price asks for; at other times the plain one.
  private mutating func writeLegs(_ fare: FareRule, index: Int, network: String) {
    let asked = fare.condition.clauses.joined().filter { $0.dimension == .time }.map(\.mask)
    let masks = asked.isEmpty ? timeMasks(fare.node) : asked
    let ends = fare.condition.clauses.joined().filter { $0.dimension == .toTime }.map(\.mask)
    let endGroup = ends.first.flatMap { timeframe($0) } ?? ""
    var times = masks.map { Optional($0) }
    if asked.isEmpty { times.append(nil) }
    let names = tariff.tables.symbols[.zone].names
    for (place, time) in times.enumerated() {
      // Of two times that overlap the first counts; every time comes before no time at all.
      let priority = String((tariff.tables.fares.count - index) * 100 + times.count - place)
      let group = time.flatMap { timeframe($0) } ?? ""
      let base = "fare_\(index + 1)" + (time == nil ? "" : "_time_\(place + 1)")
      let pairs = zonePairs(fare.node)
      if pairs.isEmpty, writeProduct(base, fare, from: nil, to: nil, time: time ?? 0) {
        legs.row(["leg_\(index + 1)", network, "", "", group, endGroup, base, priority])
      }
      for (number, pair) in pairs.enumerated() {
        let product = base + "_\(number + 1)"
        guard writeProduct(product, fare, from: pair.from, to: pair.to, time: time ?? 0) else {
          continue
        }
        legs.row([
          "leg_\(index + 1)", network, names[Int(pair.from)], names[Int(pair.to)], group, endGroup,
          product, priority,
        ])
      }
    }
  }

  private func zonePairs(_ node: Int32) -> [(from: Int32, to: Int32)] {
    guard node >= 0 else { return [] }
    switch tariff.tables.nodes[Int(node)] {
    case .pairs(_, let table, _):
      return table.keys.sorted().map {
        (Int32(truncatingIfNeeded: $0 >> 32), Int32(truncatingIfNeeded: $0))
      }
    case .choice(_, let table, let others):
      return (table + [others]).map { zonePairs($0) }.first { !$0.isEmpty } ?? []
    case .share(let base, _): return zonePairs(base)
    case .times(let choices, let others):
      return (choices.map(\.node) + [others]).map { zonePairs($0) }.first { !$0.isEmpty } ?? []
    default: return []
    }
  }

  /// One row for each category and medium that has a price; false when none has.
  private mutating func writeProduct(
    _ id: String, _ fare: FareRule, from: Int32?, to: Int32?, time: UInt64
  ) -> Bool {
    var written = false
    let media = media()
    for category in tariff.tables.categories {
      for medium in media.isEmpty ? [""] : media {
        var tap = FareTap(
          ref: 0, at: Instant(seconds: 0), kind: .on, medium: .card, category: category.name)
        if !medium.isEmpty { tap.mediumName = medium }
        var prepared = tariff.prepare(tap, index: 0)
        var off = Alighting(prepared)
        if let from, let to {
          prepared.zone.id = from
          off.zone.id = to
        }
        var ride = Ride(
          on: prepared, off: off, status: from == nil ? .single : .complete,
          day: tariff.tables.firstDay)
        ride.times = time
        if category.pricedAs >= 0 {
          let other = tariff.tables.categories[Int(category.pricedAs)].name
          ride.category = tariff.tables.symbols.look(.category, other)
        }
        guard let minor = minor(fare, ride, category) else { continue }
        let amount = Money(minor: minor, currency: tariff.currency).majorText
        products.row([id, fare.name, category.name, medium, amount, tariff.currency.code])
        written = true
      }
    }
    return written
  }

  private func minor(_ fare: FareRule, _ ride: Ride, _ category: CategoryRule) -> Int64? {
    // Categories and media of the condition; what it says of routes is the network's part.
    let fits = fare.condition.clauses.contains { clause in
      clause.allSatisfy { test in
        guard [.category, .medium].contains(test.dimension) else { return true }
        return (ride.mask(test.dimension) & test.mask != 0) != test.isNegated
      }
    }
    let price = tariff.price(fare.node, ride)
    guard fits, price != unknownMinor else { return nil }
    if category.isFree { return 0 }
    return category.share.map { $0.of(price) } ?? price
  }

}
