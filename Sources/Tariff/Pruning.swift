import Basics

extension FareMeter {
  /// Lets go of what can no longer matter after the end of the fare day, so that states stay small.
  mutating func prune(_ state: inout RiderState, day: Int) {
    // An open ride is still to be priced by what the day leaves, also one of an older version, and so is
    // the rest of a day whose first part that version rates.
    if keepsAll || state.boarding != nil { return }
    let end = end(of: day)
    if !state.caps.isEmpty {
      var index = 0
      while index < state.caps.count {
        if isOver(state.caps[index], day: day, at: end, holdings: state.holdings) {
          state.caps.remove(at: index)
        } else {
          index += 1
        }
      }
    }
    guard !state.windows.isEmpty || state.chain != nil || !state.holdings.isEmpty else { return }
    var index = 0
    while index < state.windows.count {
      if isOver(state.windows[index], at: end) {
        state.windows.remove(at: index)
      } else {
        index += 1
      }
    }
    if let chain = state.chain, isOver(chain, at: end) { state.chain = nil }
    state.holdings.removeAll { isOver($0, at: end) }
  }

  private func isOver(
    _ count: CapCount, day: Int, at moment: Int64, holdings: [Holding]
  ) -> Bool {
    for index in tariff.tables.caps.indices where tariff.tables.caps[index].tag == count.tag {
      guard tariff.tables.caps[index].period.mayBegin(at: count.start) else { return true }
      switch tariff.tables.caps[index].period {
      case .day: return true
      case .week, .month, .year:
        // One that began with a new currency begins within its period.
        return periodStart(tariff.tables.caps[index].period, day: day + 1) > count.start
      case .rollingDays(let length): return count.start + Int64(length) <= Int64(day + 1)
      case .rollingTime(let length): return count.start + length <= moment
      case .rollingMonths(let months):
        return Day(number: Int(count.start)).adding(months: months).number <= day + 1
      case .product(let tag):
        let period = tariff.tables.caps[index].period
        return !holdings.contains {
          let start = tariff.tables.moneyDays?.clipped($0.boughtAt, period) ?? $0.boughtAt
          return $0.tag == tag && start == count.start && !isOver($0, at: moment)
        }
      }
    }
    // Another version may know the rule: it stays.
    return false
  }

  private func isOver(_ window: TransferWindow, at moment: Int64) -> Bool {
    for index in tariff.tables.transfers.indices
    where tariff.tables.transfers[index].tag == window.tag {
      return tariff.tables.transfers[index].isSameDayOnly
        || !tariff.tables.transfers[index].window.contains(from: window.startedAt, to: moment)
    }
    return false
  }

  private func isOver(_ chain: ChainState, at moment: Int64) -> Bool {
    for index in tariff.tables.chains.indices where tariff.tables.chains[index].tag == chain.tag {
      let link = tariff.tables.chains[index].window
      return tariff.tables.chains[index].isSameDayOnly
        || !link.contains(
          from: link.from == .arrival ? chain.lastEndedAt : chain.lastStartedAt, to: moment)
    }
    return false
  }

  private func isOver(_ holding: Holding, at moment: Int64) -> Bool {
    for index in tariff.tables.products.indices
    where tariff.tables.products[index].tag == holding.tag {
      if let window = tariff.tables.products[index].transfer, holding.lastTripAt != .min,
        window.contains(from: holding.lastTripAt, to: moment)
      {
        return false
      }
      let tripsMax = tariff.tables.products[index].tripsMax
      if tripsMax > 0, Int(holding.tripsUsed) >= tripsMax { return true }
      if tariff.tables.products[index].startsAtFirstUse, holding.activatedAt == .min {
        return false
      }
      return validityEnd(holding, index) <= moment
    }
    return false
  }
}
