/// How much work a price is where it is asked for, and how deep its parts stand in each other.
///
/// Named prices are read once and may be used often: a text of a few lines can be more work than there is time.
struct PriceSize: Sendable {
  /// Prices that are asked for to find the dearest one, the way that asks for most.
  var steps: Int
  /// Prices in a row, each a part of the one before.
  var depth: Int

  /// Most steps: many times those of a table of all stops of a city.
  static let stepsMax = 100_000
  /// Most prices in each other; each takes a part of the stack.
  static let depthMax = 100
  /// Entries of a table that are looked through in about the time of a step.
  static let entriesInStep = 100

  static let tooDeep =
    "prices stand in each other more than \(depthMax) deep; give one of them an amount"

  /// What is wrong with a price of this size; nil when nothing is.
  var fault: String? {
    if depth > PriceSize.depthMax { return PriceSize.tooDeep }
    guard steps > PriceSize.stepsMax else { return nil }
    return "a price takes more than \(PriceSize.stepsMax) steps to work out, since its parts use "
      + "each other again and again; give one of them an amount"
  }
}

extension TariffReader {
  /// The size of a price whose parts are in the table.
  func size(of node: PriceNode) -> PriceSize {
    switch node {
    case .amount, .unknown, .perUnit: PriceSize(steps: 1, depth: 1)
    case .choice(let dimension, let table, let others):
      // Where the end is not known, the dearest of all ends is looked for.
      dimension == .toStop || dimension == .toZone
        ? sizeOfAll(table + [others]) : sizeOfOne(table + [others])
    case .farthestZone(let table, let others): sizeOfAll(table + [others])
    case .times(let choices, let others): sizeOfOne(choices.map(\.node) + [others])
    case .dates(let choices): sizeOfOne(choices.map(\.node))
    case .bands(.riders, let bands): sizeOfOne(bands.map(\.node))
    case .bands(_, let bands): sizeOfAll(bands.map(\.node))
    case .sum(let parts): sizeOfAll(parts)
    case .share(let base, _): sizeOfOne([base])
    case .pairs(_, let table, let others):
      sizeOfTable(table, others: others, words: 1) { $0 >> 32 }
    case .ends(let table):
      sizeOfTable(table.entries, others: -1, words: table.words.count, start: EndsTable.start)
    }
  }

  private func steps(_ node: Int32) -> Int { node < 0 ? 0 : nodeSizes[Int(node)].steps }

  private func depth(_ nodes: some Sequence<Int32>) -> Int {
    1 + (nodes.lazy.map { $0 < 0 ? 0 : self.nodeSizes[Int($0)].depth }.max() ?? 0)
  }

  private func sizeOfAll(_ parts: [Int32]) -> PriceSize {
    PriceSize(steps: parts.reduce(1) { $0 + steps($1) }, depth: depth(parts))
  }

  private func sizeOfOne(_ parts: [Int32]) -> PriceSize {
    PriceSize(steps: 1 + (parts.lazy.map(steps).max() ?? 0), depth: depth(parts))
  }

  /// For each word that a start has, the whole table is looked through, and all its ends are asked for.
  private func sizeOfTable(
    _ table: [UInt64: Int32], others: Int32, words: Int, start: (UInt64) -> UInt64
  ) -> PriceSize {
    var byStart: [UInt64: Int] = [:]
    for (key, node) in table { byStart[start(key), default: 0] += steps(node) }
    let most = words * (byStart.values.max() ?? 0)
    return PriceSize(
      steps: 1 + steps(others) + most + words * table.count / PriceSize.entriesInStep,
      depth: max(depth(table.values), depth([others])))
  }
}
