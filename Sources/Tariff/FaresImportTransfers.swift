/// Transfers of Fares v2, and what of a feed's fares is not looked at.
extension FaresWriter {
  /// Rules of the feed that agree in time, kind and count: one transfer of the tariff.
  private struct Transfer {
    /// Number of the first rule, counted from one.
    var number: Int
    /// `within`, `from`, `to` and `count`, as they are written.
    var terms: String
    /// Leg groups whose rides it takes, in the order of the rules.
    var groups: [String] = []
    var pairs: [(from: String, to: String, pays: String)] = []
  }

  /// Rides of a leg group take part in one transfer only, the first that names the group.
  mutating func writeTransfers() {
    var transfers: [Transfer] = []
    for (index, rule) in tables["fare_transfer_rules.txt"].enumerated() {
      let number = index + 1
      let from = rule["from_leg_group_id"] ?? ""
      let to = rule["to_leg_group_id"] ?? ""
      guard services[from] != nil, services[to] != nil else {
        note("transfer rule \(number): an empty leg group is not imported")
        continue
      }
      guard let pays = transferPays(rule, number) else { continue }
      let terms = transferTerms(rule, number)
      let other = transfers.first {
        $0.terms != terms && ($0.groups.contains(from) || $0.groups.contains(to))
      }
      if let other {
        note(
          "transfer rule \(number), \(from) to \(to): it differs in time or count from rule "
            + "\(other.number), which has one of its leg groups; it is not imported")
        continue
      }
      let place = transfers.firstIndex { $0.terms == terms } ?? transfers.count
      if place == transfers.count { transfers.append(Transfer(number: number, terms: terms)) }
      if let same = transfers[place].pairs.first(where: { $0.from == from && $0.to == to }) {
        if same.pays != pays {
          note("transfer rule \(number): another rule for \(from) to \(to) comes before it")
        }
        continue
      }
      for group in [from, to] where !transfers[place].groups.contains(group) {
        transfers[place].groups.append(group)
      }
      transfers[place].pairs.append((from, to, pays))
    }
    guard !transfers.isEmpty else { return }
    note("transfers: their time runs from the first ride; in the feed from the ride before")
    body.append("transfers:")
    for transfer in transfers { write(transfer) }
  }

  private mutating func write(_ transfer: Transfer) {
    func words(_ group: String) -> [String] { (services[group] ?? []).map(yamlWord) }
    let groups = transfer.groups.flatMap(words).joined(separator: ", ")
    body += [
      "  - name: \(yamlWord("transfer \(transfer.number)"))",
      "    when: {service: [\(groups)]}", "    \(transfer.terms)", "    pays: new", "    pairs:",
    ]
    for pair in transfer.pairs {
      for from in words(pair.from) {
        body += words(pair.to).map { "      - {from: \(from), to: \($0), pays: \(pair.pays)}" }
      }
    }
  }

  /// The time and the count of a rule, as lines of the tariff.
  private mutating func transferTerms(_ rule: [String: String], _ number: Int) -> String {
    let kinds = [
      "0": ("departure", "arrival"), "1": ("departure", "departure"), "2": ("arrival", "departure"),
      "3": ("arrival", "arrival"),
    ]
    let kind = kinds[rule["duration_limit_type"] ?? ""] ?? ("departure", "departure")
    let limit = Int(rule["duration_limit"] ?? "")
    if limit == nil { note("transfer rule \(number): it has no limit of time, here 24 hours") }
    let count = Int(rule["transfer_count"] ?? "") ?? -1
    let lines = [
      "within: \(limit ?? Self.unlimitedSeconds) s", "from: \(kind.0)", "to: \(kind.1)",
      count > 0 ? "count: \(count)" : "",
    ]
    return lines.filter { !$0.isEmpty }.joined(separator: "\n    ")
  }

  /// What the second leg pays; nil, with a note, when the language does not have it.
  private mutating func transferPays(_ rule: [String: String], _ number: Int) -> String? {
    let id = rule["fare_product_id"] ?? ""
    let amounts = tables["fare_products.txt"].filter { $0["fare_product_id"] == id }
      .compactMap { $0["amount"] }
    let amount = id.isEmpty ? nil : amounts.first
    if !id.isEmpty, amount == nil {
      note("transfer rule \(number): there is no product \(id); it is not imported")
      return nil
    }
    if let amount, amounts.contains(where: { $0 != amount }) {
      note("transfer rule \(number): product \(id) has several prices; only \(amount) counts")
    }
    switch rule["fare_transfer_type"] {
    case "0": return amount.map { "{supplement: \($0)}" } ?? "free"
    case "1":
      guard let amount, amount.hasPrefix("-") else {
        note("transfer rule \(number): a supplement on top of the whole price is not imported")
        return nil
      }
      return "{discount: \(amount.dropFirst())}"
    default:
      note("transfer rule \(number): one product for both legs (type 2) is not imported")
      return nil
    }
  }

  // MARK: What is not looked at

  /// Leg rules whose meaning in the feed is not that of the first fare that fits.
  mutating func noteLegRules() {
    var products: [String: String] = [:]
    for rule in sortedRules() {
      let id = rule["fare_product_id"] ?? ""
      let place = "\(rule["rule_priority"] ?? "") \(condition(of: rule))"
      if let other = products[place], other != id {
        note("product \(id): \(other) has a leg rule with the same conditions, which counts")
      } else {
        products[place] = id
      }
    }
    for network in Set(tables["fare_leg_rules.txt"].compactMap { $0["network_id"] }).sorted()
    where !network.isEmpty && routes(of: network).isEmpty {
      note("network \(network): the feed names no route of it; its name stands for the route")
    }
    noteEmptyFields()
  }

  /// Without priorities an empty field holds only for what no other rule lists.
  private mutating func noteEmptyFields() {
    let rules = tables["fare_leg_rules.txt"]
    guard let first = rules.first, first["rule_priority"] == nil else { return }
    for field in [
      "network_id", "from_area_id", "to_area_id", "from_timeframe_group_id",
      "to_timeframe_group_id",
    ] {
      let filled = rules.count { $0[field]?.isEmpty == false }
      guard filled > 0, filled < rules.count else { continue }
      note(
        "leg rules without \(field): in the feed they hold for what no other rule lists, here "
          + "for what no rule with more conditions fits")
    }
  }

  /// Columns that are read, or that say nothing of prices, by file.
  private static let columns: [String: Set<String>] = [
    "fare_attributes.txt": [
      "fare_id", "price", "currency_type", "payment_method", "transfers", "agency_id",
      "transfer_duration",
    ],
    "fare_rules.txt": ["fare_id", "route_id", "origin_id", "destination_id", "contains_id"],
    "fare_products.txt": [
      "fare_product_id", "fare_product_name", "rider_category_id", "fare_media_id", "amount",
      "currency",
    ],
    "fare_leg_rules.txt": [
      "leg_group_id", "network_id", "from_area_id", "to_area_id", "from_timeframe_group_id",
      "to_timeframe_group_id", "fare_product_id", "rule_priority",
    ],
    "fare_transfer_rules.txt": [
      "from_leg_group_id", "to_leg_group_id", "transfer_count", "duration_limit",
      "duration_limit_type", "fare_transfer_type", "fare_product_id",
    ],
    "timeframes.txt": ["timeframe_group_id", "start_time", "end_time", "service_id"],
  ]

  /// Columns that a feed fills and the import does not know, and files that it does not read.
  mutating func noteOtherColumns() {
    for (file, known) in Self.columns.sorted(by: { $0.key < $1.key }) {
      let filled = tables[file].flatMap { row in row.filter { !$0.value.isEmpty }.keys }
      for column in Set(filled).subtracting(known).sorted() {
        note("\(file): the column \(column) is not imported")
      }
    }
    if !tables["fare_leg_join_rules.txt"].isEmpty {
      note("fare_leg_join_rules.txt: legs that count as one are not imported")
    }
  }
}
