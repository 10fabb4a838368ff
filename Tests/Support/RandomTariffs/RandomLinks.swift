import Basics

/// What links rides, what holds them and what is put on top.
extension RandomRules {
  mutating func links() -> String {
    var text = ""
    let count = number(0...2)
    if count > 0 { text += "transfers:\n" }
    for index in 0..<count { text += transfer("transfer \(index)") }
    if chance(0.3) { text += chain() }
    if chance(0.3) {
      text += "repeats:\n- {name: often, \(condition(someModes()))"
      text += chance(0.5) ? "every: \(number(2...4))" : "after: \(number(2...6)), per: week"
      text += ", pays: \(pick(["50%", "80%", "0%"]))}\n"
    }
    return text
  }

  private mutating func transfer(_ name: String) -> String {
    let pays = [
      "free", "difference", "difference_to_last", "beside", "new", "50%", "{discount: 70}",
      "{supplement: 30}", "{share: 30%, rounding: up, to: 5}",
    ]
    var text = "- {name: \(name), \(condition(someModes()))within: \(number(10...150)) min"
    text += ", from: \(pick(["departure", "arrival"])), to: \(pick(["departure", "arrival"]))"
    text += ", end: \(pick(["inside", "outside"]))"
    text += ", extends: \(pick(["never", "when_paid", "always"])), count: \(number(1...5))"
    text += ", pays: \(pick(pays))"
    if chance(0.3) { text += ", refuses: [\(pick(["same_route", "return", "same_stop"]))]" }
    if chance(0.1) { text += ", only: same_route" }
    if chance(0.2) { text += ", same_day: yes" }
    if chance(0.2) { text += ", ended_by: {mode: \(pick(Self.modes)), direction: 1}" }
    if chance(0.2) { text += ", pay_on_exit: {mode: rail}" }
    if chance(0.2) { text += ", count_by_first: {bus: \(number(0...3))}" }
    if chance(0.3) {
      text += ", pairs: [{from: bus, to: tram, pays: \(pick(pays))}"
      text += ", {from: tram, to: [bus, rail], pays: \(pick(pays))}]"
    }
    return text + "}\n"
  }

  private mutating func chain() -> String {
    var text = "chains:\n- {name: journey, when: {mode: rail}, within: \(number(10...60)) min"
    text += ", from: \(pick(["departure", "arrival"])), joins: \(pick(["same_service", "all"]))"
    text += ", priced_by: \(pick(["ends", "sum", "longest"])), count: \(number(1...4))"
    if chance(0.3) { text += ", whole_within: 2 h" }
    if chance(0.3) { text += ", same_day: yes" }
    if chance(0.3) { text += ", change_discount: \(number(5...40))" }
    if chance(0.3) { text += ", interchanges: [[S1, S2], [S2, S3]]" }
    return text + "}\n"
  }

  mutating func productRules() -> String {
    let valid = [
      "{days: 3}", "{days: 2, from: first_use}", "{length: 50 h}", "{calendar: month}",
      "{months: 1}",
    ]
    products = ["pass", "trips"]
    let covers = chance(0.3) ? ", covers: \(number(20...300))" : ""
    return """
      products:
      - {name: pass, \(condition(someModes()))valid: \(pick(valid)), pass_back: \(number(1...10)) min\(covers)}
      - {name: trips, \(condition(someModes()))trips: \(number(1...6)), valid: \(pick(valid)), transfer: {within: 30 min}}
      - {name: saver, when: {mode: none}, valid: {days: 2}}
      - {name: student card, when: {mode: none}, valid: {days: 4}}

      """
  }

  mutating func capRules() -> String {
    let count = number(0...3)
    var text = count > 0 || chance(0.3) ? "caps:\n" : ""
    if count == 0, !text.isEmpty {
      text += "- {name: saver cap, per: {product: saver}, amount: \(number(100...500))}\n"
    }
    for index in 0..<count { text += cap("cap \(index)") }
    return text
  }

  private mutating func cap(_ name: String) -> String {
    let periods: [(RandomCap.Period, String)] = [
      (.day, "day"), (.day, "day"), (.week, "week"), (.month, "month"), (.year, "year"),
      (.days(3), "{days: 3}"), (.hours(30), "{length: 30 h}"), (.months(1), "{months: 1}"),
    ]
    let (period, word) = periods[number(0...(periods.count - 1))]
    let modes = someModes()
    var cap = RandomCap(
      name: name, modes: modes, period: period, amountMinor: nil, ridesMax: nil,
      chargesLastWhole: false)
    var text = "- {name: \(name), \(condition(modes))per: \(word)"
    let low = number(100...500)
    let high = low + number(50...600)
    switch number(0...4) {
    case 0:
      cap.ridesMax = number(1...4)
      text += ", rides: \(cap.ridesMax ?? 0)"
    case 1:
      cap.amountMinor = Int64(high)
      text += ", levels: [{when: {zones: [1, 2]}, amount: \(low)}, {amount: \(high)}]"
    case 2:
      cap.amountMinor = Int64(high)
      text +=
        ", amount: \(high), zone_sets: [{zones: [1, 2], amount: \(low)}, "
        + "{zones: [1, 2, 3], amount: \((low + high) / 2)}]"
    case 3:
      // Pupils, students and pensioners are priced as adults, and so are their caps.
      cap.amountMinor = Int64(high)
      text += ", amount: {adult: \(high), others: \(low)}"
    default:
      cap.amountMinor = Int64(high)
      text += ", amount: \(high)"
      cap.chargesLastWhole = chance(0.3)
      if cap.chargesLastWhole { text += ", last_ride: whole" }
    }
    if cap.ridesMax != nil || cap.chargesLastWhole || cap.isRolling { mayCostMore = true }
    if !caps.allSatisfy({ $0.isNested(with: cap) }) { mayCostMore = true }
    caps.append(cap)
    return text + "}\n"
  }

  mutating func extras() -> String {
    var text = ""
    if chance(0.3) {
      outsideFees = ["airport"]
      text += """
        surcharges:
        - {name: airport, when: {stop: S3}, amount: \(number(10...90))}
        - {name: night fee, when: {time: night}, amount: \(number(10...90)), caps: inside}

        """
    }
    if chance(0.2) {
      mayCostMore = true
      text += "rounding: {to: 5, rounding: \(pick(["half-up", "half-even", "down", "up"]))}\n"
    }
    if chance(0.15) {
      mayCostMore = true
      text += "stored_value: {top_up_fee: 2%}\n"
    }
    if chance(0.3) { text += "companions: {as: adult}\n" }
    return text
  }
}
