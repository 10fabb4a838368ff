import AcquirerSupport
import Basics
import Charging
import Clearing
import SimulatedAcquirer
import SimulatedCity
import Store
import Synchronization
import Tapping
import Transit

/// What desks, riders' banks and the acquirer do about charge windows.
extension MoneyPlayer {
  mutating func playCards(_ event: MoneyEvent) async throws {
    switch event {
    case .payDebt(let isPart, let isTransfer): try await payDebt(isPart, isTransfer)
    case .askDebt:
      let house = house
      guard let debt = try await debts().first else { return }
      let outcome = try await ask { try await house.debts.askNow(debt.id, by: "olena") }
      _ = judge(outcome, "debt asked", isRight: true)
      isUnsettled = true
    case .giveUpDebt(let isApproved): try await giveUpDebt(isApproved)
    case .payGivenUp: try await payGivenUp()
    case .refundPayment(let minor, let isApproved): try await refundPayment(minor, isApproved)
    case .dispute(let minor, let isOpeningLost): try await dispute(minor, isOpeningLost)
    case .decideDispute(let isWon): try await decideDispute(isWon)
    case .fundDisputes(let isTwice): try await fundDisputes(isTwice)
    case .fund(let isTwice): try await fund(isTwice)
    case .fundSales(let isTwice): try await fundSales(isTwice: isTwice)
    default: return
    }
  }

  /// Windows that owe and of which nothing is on its way, as `kvytok debt list` tells them.
  private func debts() async throws -> [ChargeWindowRow] {
    try await house.store.read { db in try await db.charging.debts() }
      .filter { [.retrying, .debt].contains($0.window.state) }
  }

  private mutating func payDebt(_ isPart: Bool, _ isTransfer: Bool) async throws {
    guard let debt = try await debts().first else { return }
    let house = house
    let due = debt.window.dueMinor
    let minor = isPart && due > 1 ? due / 2 : due
    let payment = payment(minor, isTransfer ? .transfer : .cash)
    let outcome = try await ask { try await house.debts.pay(debt.id, payment, by: "desk 1") }
    guard judge(outcome, "debt paid", isRight: true) else { return }
    // The answer got lost and it is sent again: the same money, once.
    let again = try await ask { try await house.debts.pay(debt.id, payment, by: "desk 1") }
    if judge(again, "debt paid twice", isRight: true), case .done(let receipt) = again,
      !receipt.isRepeated || receipt.payment.minor != minor
    {
      findings.append("\(payment.key) again took \(receipt.payment.minor)")
    }
    var other = payment
    other.minor = minor + 1
    let changed = other
    let refused = try await ask { try await house.debts.pay(debt.id, changed, by: "desk 1") }
    _ = judge(refused, "a key for two payments", isRight: false)
    books.windows[debt.id, default: PlainWindowActs()].paidAtDesk += minor
    books.write(isTransfer ? .bank : .cash, minor)
    if isTransfer { books.bookAtBank(.debt(debt.id), minor, on: today) }
  }

  private mutating func payment(
    _ minor: Int64?, _ channel: DebtDesk.Channel
  ) -> DebtPayment {
    let name = key("debt-")
    return DebtPayment(
      minor: minor, channel: channel, place: "desk 1", reference: name, key: name)
  }

  private mutating func giveUpDebt(_ isApproved: Bool) async throws {
    guard let debt = try await debts().first(where: { $0.window.state == .debt }) else { return }
    let house = house
    let outcome = try await ask("debt given up", again: .refused("waits for a decision")) {
      try await house.debts.proposeWriteOff(debt.id, reason: "simulated", by: "olena")
    }
    guard judge(outcome, "debt given up", isRight: true), case .done(let order) = outcome
    else { return }
    try await decide(order: order, isApproved: isApproved)
    guard isApproved else { return }
    books.windows[debt.id, default: PlainWindowActs()].writtenOff += debt.window.dueMinor
  }

  private mutating func payGivenUp() async throws {
    let rows = try await house.texts(
      """
      select concat_ws(' ', window_id, written_off_minor) from charge_window
      where state = 'written_off' and written_off_minor > 0 order by window_id limit 1
      """)
    guard let words = rows.first?.split(separator: " "), let window = Int64(words[0]),
      let minor = Int64(words[1])
    else { return }
    let house = house
    let payment = payment(nil, .cash)
    let outcome = try await ask { try await house.debts.pay(window, payment, by: "desk 1") }
    guard judge(outcome, "paid after it was given up", isRight: true) else { return }
    books.windows[window, default: PlainWindowActs()].paidAfterWriteOff += minor
    books.write(.cash, minor)
  }

  /// Gives back what no fare took back; the operators of the day bear it.
  private mutating func refundPayment(_ minor: Int64, _ isApproved: Bool) async throws {
    try await settle()
    let rows = try await house.texts(
      """
      select concat_ws(' ', window_id, rider_id, fare_day) from charge_window
      where captured_minor - refunded_minor - charged_back_minor >= \(minor)
      order by window_id desc limit 1
      """)
    guard let words = rows.first?.split(separator: " ").map(String.init),
      let window = Int64(words[0])
    else { return }
    let house = house
    let outcome = try await ask("payment refunded", again: .refused("waits for a decision")) {
      try await house.debts.proposeRefund(window, minor: minor, reason: "simulated", by: "olena")
    }
    guard judge(outcome, "payment refunded", isRight: true), case .done(let order) = outcome
    else { return }
    try await decide(order: order, isApproved: isApproved)
    guard isApproved else { return }
    books.windows[window, default: PlainWindowActs()].goodwill += minor
    books.write(.toBePaid, -minor)
    let paid = books.people.riders.filter { "\($0)" == words[1] }
      .flatMap { books.people.rides(of: $0) }
      .filter { "\($0.tap.day)" == words[2] && $0.tap.medium.isCharged && $0.charged > 0 }
    let sums = Dictionary(grouping: paid, by: \.operatorID)
      .map { ($0.key, $0.value.reduce(0) { $0 + $1.charged }) }.sorted { $0.0 < $1.0 }
    var bearers = zip(sums, plainShares(of: minor, by: sums.map(\.1))).map {
      (PlainAccount.operators($0.0), $1)
    }
    if sums.isEmpty { bearers = [(.unknownOperator, minor)] }
    for (account, share) in bearers {
      books.write(account, share)
      books.windows[window, default: PlainWindowActs()].borne[account, default: 0] += share
    }
  }

  /// Goodwill against which the workers set fares off that fell: it hangs on what else was owed and paid
  /// then, so it is read, and held against what each account bore.
  mutating func noteSetOffs() async throws {
    try await noteUndoing()
    let lines = try await house.texts(
      """
      select concat_ws(' ', v.event_id, v.window_id,
        case v.kind when 'loss_set_off' then '7210' else p.account end,
        case v.kind when 'loss_set_off' then v.minor else p.credit_minor end, p.operator_id)
      from charge_event v join posting p using (entry_id)
      where v.kind in ('goodwill_set_off', 'loss_set_off') and v.event_id > \(lastSetOff)
        and p.credit_minor > 0
      order by v.event_id
      """)
    for line in lines {
      let words = line.split(separator: " ").map(String.init)
      if words[2] == PlainAccount.lost.code {
        noteLossSetOff(Int64(words[3]) ?? 0, window: Int64(words[1]) ?? 0)
        lastSetOff = Int64(words[0]) ?? lastSetOff
        continue
      }
      let window = Int64(words[1]) ?? 0
      let minor = Int64(words[3]) ?? 0
      let account = PlainAccount(code: words[2], part: words.count > 4 ? words[4] : "")
      var acts = books.windows[window] ?? PlainWindowActs()
      acts.setOff += minor
      acts.borne[account, default: 0] -= minor
      if acts.borne[account, default: 0] < 0 {
        findings.append("\(account) got more of window \(window) than it bore")
      }
      books.windows[window] = acts
      books.write(.riders, account, minor)
      lastSetOff = Int64(words[0]) ?? lastSetOff
      count("goodwill set off")
    }
  }

  /// What was given up of accounts and undone since: how much hangs on the order in which fares fell and
  /// others came, so it is read, and no more than was given up.
  private mutating func noteUndoing() async throws {
    let lines = try await house.texts(
      """
      select concat_ws(' ', m.movement_id, -m.amount_minor, a.rider_id)
      from wallet_movement m join wallet_account a using (account_id)
      where m.kind = 'write_off' and m.amount_minor < 0 and m.movement_id > \(lastUndoing)
      order by m.movement_id
      """)
    for line in lines {
      let words = line.split(separator: " ").map(String.init)
      let minor = Int64(words[1]) ?? 0
      lastUndoing = Int64(words[0]) ?? lastUndoing
      guard let rider = books.people.riders.first(where: { "\($0)" == words[2] }) else {
        findings.append("what nobody owed is undone: \(line)")
        continue
      }
      books.people.givenUp[rider, default: 0] -= minor
      if books.people.givenUp[rider, default: 0] < 0 {
        findings.append("more is undone of \(rider) than was given up")
      }
      books.people.deposits[rider, default: 0] -= minor
      books.write(.writtenOff, -minor)
      count("write-off undone")
    }
  }

  /// Fares that fell after the payment was lost in a dispute: the rider has them, the house bears none.
  ///
  /// No window gives more so than was lost, which ``MoneyChecker`` holds it to.
  private mutating func noteLossSetOff(_ minor: Int64, window: Int64) {
    books.windows[window, default: PlainWindowActs()].lossSetOff += minor
    books.write(.riders, .lost, minor)
    count("loss set off")
  }

  // MARK: - Disputes

  private mutating func dispute(_ most: Int64, _ isOpeningLost: Bool) async throws {
    // The oldest payment first: its month may be closed by now.
    let rows = try await house.texts(
      """
      select concat_ws(' ', reference, captured_minor - coalesce(desk_minor, 0)
        - (refunded_minor - coalesce(desk_refunded_minor, 0)) - charged_back_minor)
      from charge_window w where reference is not null and state in ('captured', 'settled')
        and captured_minor - coalesce(desk_minor, 0)
          > refunded_minor - coalesce(desk_refunded_minor, 0) + charged_back_minor
        and not exists (select from chargeback c where c.window_id = w.window_id)
      order by window_id limit 1
      """)
    guard let words = rows.first?.split(separator: " ").map(String.init),
      let left = Int64(words[1])
    else { return }
    var dispute = PlainDispute(
      name: key("CB"), reference: words[0], minor: min(left, most), stage: "unsent")
    house.filed.withLock { $0.dispute(reference: dispute.reference) }
    if !isOpeningLost {
      guard try await tell(dispute, "opened") else {
        findings.append("\(dispute.name) of \(dispute.minor) was not taken")
        return
      }
      dispute.stage = "opened"
      books.write(.disputes, .acquirer, dispute.minor)
      count("dispute opened")
    }
    books.disputes.append(dispute)
  }

  private mutating func decideDispute(_ isWon: Bool) async throws {
    let open = books.disputes.indices.first { place in
      ["opened", "unsent"].contains(books.disputes[place].stage)
    }
    guard let open else { return }
    let dispute = books.disputes[open]
    let stage = isWon ? "won" : "lost"
    let isTaken = try await tell(dispute, stage)
    if dispute.stage == "unsent" {
      // What could be disputed may have been given back meanwhile.
      guard isTaken else {
        books.disputes[open].stage = "refused"
        return
      }
      books.write(.disputes, .acquirer, dispute.minor)
    } else if !isTaken {
      findings.append("\(dispute.name) \(stage) was not taken")
      return
    }
    books.disputes[open].stage = stage
    books.write(isWon ? .acquirer : .lost, .disputes, dispute.minor)
    count("dispute \(stage)")
  }

  /// Sends a message about a dispute, twice; whether it was taken.
  private mutating func tell(_ dispute: PlainDispute, _ stage: String) async throws -> Bool {
    let (house, name) = (house, key("D"))
    let body = Array(
      """
      {"id":"\(name)","type":"chargeback","case":"\(dispute.name)",\
      "reference":"\(dispute.reference)","amount_minor":\(dispute.minor),"currency":"UAH",\
      "stage":"\(stage)"}
      """.utf8)
    let outcome = try await house.insist { try await house.messages.take(body) }
    let again = try await house.insist { try await house.messages.take(body) }
    if again != .known { findings.append("\(name) again is \(again)") }
    return outcome == .applied
  }

  // MARK: - Funding

  private mutating func fundDisputes(_ isTwice: Bool) async throws {
    var records: [FundingRecord] = []
    var net: Int64 = 0
    let day = house.city.current.clock.zone.local(now).day
    func add(_ dispute: PlainDispute, _ step: String) {
      records.append(
        FundingRecord(
          line: records.count + 2,
          kind: .chargeback(
            caseID: dispute.name, stage: ChargebackStage(rawValue: step) ?? .opened),
          reference: dispute.reference, key: nil, grossMinor: dispute.minor, feeMinor: 0,
          currency: uah, valueDate: day))
    }
    for place in books.disputes.indices {
      let dispute = books.disputes[place]
      for (step, stages) in [("opened", ["opened", "won", "lost"]), ("won", ["won"])]
      where stages.contains(dispute.stage) {
        let isNew = books.disputes[place].funded.insert(step).inserted
        guard isNew || isTwice else { continue }
        add(dispute, step)
        // A step that was paid before is not paid again: its money waits until it is found out.
        let other: PlainAccount = isNew ? .acquirer : .unmatched
        let minor = step == "opened" ? dispute.minor : -dispute.minor
        books.write(other, .bank, minor)
        net -= minor
      }
    }
    guard !records.isEmpty else { return }
    let number = Int64(100_000 + books.disputes.count * 100 + counts["dispute file", default: 0])
    try await take(
      FundingFile(
        number: number, date: day, merchant: "city", currency: uah, records: records
      ).bytes, isTwice: false)
    books.bookAtBank(.funding(number), net, on: today)
    count("dispute file")
  }

  private mutating func fund(_ isTwice: Bool) async throws {
    let day = house.city.current.clock.zone.local(now).day
    let file =
      house.isByFile
      ? house.filed.withLock { $0.funding(on: day, besides: []).bytes }
      : house.acquirer.books.withLock {
        $0.funding(on: day, merchant: "city", currency: "UAH")
      }
    var (number, net): (Int64, Int64) = (0, 0)
    for cells in PlainFile.lines(file) {
      if cells[0] == "H" { number = Int64(cells[3]) ?? 0 }
      if cells[0] == "N" {
        books.declined[cells[2]] = Int64(cells[3]) ?? 0
        count("capture not honoured")
      }
      guard ["D", "R"].contains(cells[0]), let gross = Int64(cells[3]), let fee = Int64(cells[4])
      else { continue }
      books.write(.bank, .acquirer, cells[0] == "D" ? gross : -gross)
      books.write(.fees, .bank, fee)
      net += (cells[0] == "D" ? gross : -gross) - fee
    }
    try await take(file, isTwice: isTwice)
    books.bookAtBank(.funding(number), net, on: today)
    count("funding")
  }

  mutating func take(_ file: [UInt8], isTwice: Bool) async throws {
    let (house, name) = (house, key("funding-"))
    let outcome = try await house.insist {
      try await house.funding.take(file, name: "\(name).csv")
    }
    guard case .taken = outcome else {
      findings.append("\(name) was not taken: \(outcome)")
      return
    }
    guard isTwice else { return }
    let again = try await house.insist {
      try await house.funding.take(file, name: "\(name)-again.csv")
    }
    if case .known = again { return }
    findings.append("\(name) again is \(again)")
  }
}
