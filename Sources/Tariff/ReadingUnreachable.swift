extension TariffReader {
  /// Warns of rules that stand behind one that takes all their rides.
  ///
  /// Fares and services are looked at where they are read. A tariff with faults is not looked at: a
  /// condition that could not be read says nothing about what it takes.
  func warnOfUnreachableRules() {
    guard !faults.hasErrors else { return }
    for (index, transfer) in tables.transfers.enumerated() {
      if let chain = tables.chains.first(where: { covers($0.condition, transfer.condition) }) {
        neverReached(transfer.line, "transfer \"\(transfer.name)\"", "chain \"\(chain.name)\"")
      } else if let above = tables.transfers[..<index].first(where: {
        // One that a ride ends is passed over by that ride, which the next may then take.
        $0.breaks == nil && covers($0.condition, transfer.condition)
      }) {
        neverReached(transfer.line, "transfer \"\(transfer.name)\"", "\"\(above.name)\" above")
      }
    }
    for (index, chain) in tables.chains.enumerated() {
      if let above = tables.chains[..<index].first(where: {
        covers($0.condition, chain.condition)
      }) {
        neverReached(chain.line, "chain \"\(chain.name)\"", "\"\(above.name)\" above")
      }
    }
    for cap in tables.caps { warnOfUnreachableParts(of: cap) }
  }

  /// Of levels and of sets of zones the first that fits counts.
  private func warnOfUnreachableParts(of cap: CapRule) {
    for (index, level) in cap.levels.enumerated() {
      if let above = cap.levels[..<index].firstIndex(where: {
        covers($0.condition, level.condition)
      }) {
        neverReached(
          cap.line, "level \(index + 1) of cap \"\(cap.name)\"", "level \(above + 1)")
      }
    }
    let sets = cap.zoneSets.map {
      tables.symbols[.zone].matchers[$0.mask.trailingZeroBitCount].names
    }
    for (index, zones) in sets.enumerated() {
      if let above = sets[..<index].firstIndex(where: { zones.isSubset(of: $0) }) {
        neverReached(
          cap.line, "zone set \(index + 1) of cap \"\(cap.name)\"", "zone set \(above + 1)")
      }
    }
  }

  private func neverReached(_ line: Int, _ what: String, _ above: String) {
    faults.warn(line, "\(what) is never reached: \(above) takes all its rides")
  }
}
