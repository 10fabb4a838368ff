/// What a test or a condition says of a ride whose end nobody knows.
enum EndAnswer {
  /// It holds wherever the ride ended.
  case always
  /// It holds for some ends only.
  case sometimes
  case never
}

extension RideTest {
  /// Whether the end of a ride without its tap off could fulfil it.
  fileprivate func answer(_ ride: borrowing Ride) -> EndAnswer {
    let isHit = ride.mask(dimension) & mask != 0
    switch dimension {
    case .toStop, .toZone, .toTime: return .sometimes
    // Either end: what the boarding fulfils no end takes back.
    case .anyStop, .anyZone: return isHit ? (isNegated ? .never : .always) : .sometimes
    // Both ends: what the boarding lacks no end brings.
    case .zones: return isHit ? .sometimes : (isNegated ? .always : .never)
    default: return isHit == isNegated ? .never : .always
    }
  }
}

extension RideCondition {
  /// Whether the end of a ride without its tap off could fulfil it.
  func answer(_ ride: borrowing Ride) -> EndAnswer {
    var answer = EndAnswer.never
    for clause in clauses {
      var own = EndAnswer.always
      for test in clause where own != .never {
        switch test.answer(ride) {
        case .always: break
        case .sometimes: own = .sometimes
        case .never: own = .never
        }
      }
      if own == .always { return .always }
      if own == .sometimes { answer = .sometimes }
    }
    return answer
  }
}

extension FareMeter {
  /// The dearest price of a ride that nobody ended: of the fares that some end brings, up to the first that every end
  /// does; nil when none of them has a price.
  func dearestFare(_ ride: borrowing Ride) -> (minor: Int64, rule: RuleName)? {
    var best: (minor: Int64, rule: RuleName)?
    for index in tariff.tables.fares.indices {
      let answer = tariff.tables.fares[index].condition.answer(ride)
      guard answer != .never else { continue }
      let minor = ownShare(of: tariff.dearest(tariff.tables.fares[index].node, ride), ride)
      guard minor != unknownMinor else { continue }
      if minor > best?.minor ?? unknownMinor { best = (minor, .fare(Int32(index))) }
      if answer == .always { break }
    }
    return best
  }
}
