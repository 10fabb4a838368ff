import Basics

extension FareMeter {
  /// The outcomes as rides with readable reasons.
  func rides(taps: [FareTap], opened: FareTap?) -> [RatedRide] {
    outcomes.compactMap { outcome in
      let boarding = outcome.boardIndex >= 0 ? taps[Int(outcome.boardIndex)] : opened
      guard let boarding else { return nil }
      let category =
        outcome.categoryRule < 0
        ? boarding.category : tariff.tables.categories[Int(outcome.categoryRule)].name
      return RatedRide(
        boardRef: outcome.boardIndex >= 0 ? boarding.ref : RatedRide.carriedRef,
        alightRef: outcome.alightIndex >= 0 ? taps[Int(outcome.alightIndex)].ref : nil,
        at: boarding.at,
        endedAt: outcome.endedAt == unknownMinor ? nil : Instant(microseconds: outcome.endedAt),
        nominalMinor: known(outcome.nominalMinor), chargedMinor: known(outcome.chargedMinor),
        version: tariff.version, currency: tariff.currency,
        product: name(outcome.product, boarding),
        category: category, mode: boarding.mode, operatorID: boarding.operatorID,
        route: boarding.route, riders: max(1, boarding.riders),
        reason: reason(outcome, boarding))
    }
  }

  private func known(_ minor: Int64) -> Int64? { minor == unknownMinor ? nil : minor }

  private func reason(_ outcome: RideOutcome, _ boarding: FareTap) -> FareReason {
    var reason = FareReason(currency: tariff.currency, steps: [])
    for step in trace[outcome.trace] {
      let named = FareStep(
        step.code, rule: name(step.rule, boarding), minor: known(step.minor),
        number: known(step.number))
      if step.isApplied { reason.steps.append(named) } else { reason.notApplied.append(named) }
    }
    return reason
  }

  /// The name of a rule as the tariff writes it; for what is missing, the part and its value.
  private func name(_ rule: RuleName, _ boarding: FareTap) -> String {
    let tables = tariff.tables
    switch rule {
    case .none: return ""
    case .fare(let index): return tables.fares[Int(index)].name
    case .category(let index): return tables.categories[Int(index)].name
    case .product(let index): return tables.products[Int(index)].name
    case .transfer(let index): return tables.transfers[Int(index)].name
    case .chain(let index): return tables.chains[Int(index)].name
    case .repetition(let index): return tables.repeats[Int(index)].name
    case .cap(let index): return tables.caps[Int(index)].name
    case .surcharge(let index): return tables.surcharges[Int(index)].name
    case .ticket(let index): return tables.tickets[Int(index)].name
    case .waiver: return boarding.stop ?? ""
    case .missing(let part): return part.rawValue + ":" + missing(part, boarding)
    }
  }

  private func missing(_ part: MissingPart, _ boarding: FareTap) -> String {
    switch part {
    case .category: return boarding.category
    case .end: return boarding.stop ?? ""
    case .service, .price, .ticket:
      let words = [boarding.modeText, boarding.operatorID, boarding.route, boarding.stop]
      return words.compactMap { $0 }.joined(separator: " ")
    }
  }
}
