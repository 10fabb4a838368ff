import AcquirerSupport
import Basics
import Charging
import Clearing
import Store
import Tapping
import Tariff
import Transit
import Wallet

/// What people do at desks at noon: each kind of thing so often that weeks hold some of each.
extension BooksWorld {
  static let hryvnia: Currency = {
    guard let code = Currency("UAH") else { preconditionFailure("UAH is a code") }
    return code
  }()

  var currency: Currency { Self.hryvnia }

  mutating func visitDesks(_ day: Int) async throws {
    let act = RiderAct(actor: "desk 1", reason: "simulated", at: house.clock.now)
    for medium in plan.media where medium.kind == .card && chance.chance(0.25) {
      try await topUp(medium, act)
    }
    if chance.chance(0.2) { try await prove(day, act) }
    if chance.chance(0.3) { try await buy(day, act) }
    if chance.chance(0.4) { try await findStop() }
    if chance.chance(0.5) { try await collectDebt() }
    switch day {
    case 9: try await link("plastic-0", "phone-0", act)
    case 12: try await merge(CityMedium(.card, "card-0"), CityMedium(.card, "card-1"), act)
    case 15: try await merge(CityMedium(.bank, "plastic-1"), CityMedium(.bank, "plastic-2"), act)
    case 19: try await erase(CityMedium(.card, "card-2"), act)
    default: break
    }
  }

  private mutating func cash(_ minor: Int64?) -> MoneyOrder {
    keys += 1
    return MoneyOrder(
      minor: minor, currency: Self.hryvnia, channel: .cash, place: "desk 1",
      reference: "k\(keys)", key: "k\(keys)")
  }

  /// Whoever holds a medium that tapped before.
  private func holder(_ medium: CityMedium) -> RiderID? { model.owner[medium] }

  private mutating func topUp(_ medium: CityMedium, _ act: RiderAct) async throws {
    guard let rider = holder(medium) else { return }
    try await topUp(rider, Int64(chance.integer(in: 5...60)) * 100, act)
  }

  private mutating func topUp(_ rider: RiderID, _ minor: Int64, _ act: RiderAct) async throws {
    let (house, order) = (house, cash(minor))
    try await have(
      "top-up", again: .answered { $0.isRepeated && $0.movement.amountMinor == minor }
    ) { try await house.wallets.topUp(order, to: rider, by: act) }
    learn {
      $0.deposits[rider, default: 0] += minor
      $0.cashMinor += minor
    }
    count("top_up")
    guard bug == .doublesTopUps else { return }
    try await house.script(
      """
      insert into wallet_movement (account_id, kind, amount_minor, balance_minor, moved_at,
        accounting_date, entry_id, actor)
      select account_id, kind, amount_minor, balance_minor + amount_minor, moved_at,
        accounting_date, entry_id, actor from wallet_movement where idempotency_key = '\(order.key)';
      update wallet_account set balance_minor = balance_minor + \(minor)
      where rider_id = '\(rider)' and closed_at is null;
      """)
  }

  /// Shows a proof of a category that began some days ago.
  private mutating func prove(_ day: Int, _ act: RiderAct) async throws {
    let medium = plan.media[chance.integer(in: 0...plan.media.count - 1)]
    guard let rider = holder(medium) else { return }
    let first = CityCalendar.day(day - chance.integer(in: 0...6))
    let proof = ShownProof(
      category: chance.chance(0.5) ? "student" : "pensioner", first: first,
      last: first.adding(days: chance.integer(in: 3...12)))
    let days = ProvenDays(category: proof.category, first: proof.first, last: proof.last)
    let house = house
    // How many days wait for a rating by it is no matter: what they come to is.
    let outcome = try await ask("proof", again: .answered { _ in true }) {
      try await house.riders.addProof(
        days, kind: nil, number: nil, note: nil, of: rider, isReplacing: false, by: act)
    }
    guard case .done = outcome else {
      // Another proof holds on some of the days.
      count("proof refused")
      return
    }
    learn { model in
      // The same proof shown again says what the new one says.
      model.proofs[rider, default: []].removeAll {
        $0.category == proof.category && $0.first == proof.first
      }
      model.proofs[rider, default: []].append(proof)
    }
    count("proof")
  }

  private mutating func buy(_ day: Int, _ act: RiderAct) async throws {
    let medium = plan.media[chance.integer(in: 0...plan.media.count - 1)]
    guard let rider = holder(medium) else { return }
    let (order, kind) = (cash(nil), SoldProduct.Kind.carnet)
    // Who rides free buys nothing.
    guard model.category(of: rider, on: CityCalendar.day(day)) == "adult" else { return }
    let house = house
    let receipt = try await have(
      "sale", again: .answered { $0.isRepeated && $0.holding.terms.priceMinor == kind.priceMinor }
    ) {
      try await house.products.sell(kind.rawValue, to: rider, from: nil, for: order, by: act)
    }
    let minor = receipt.holding.terms.priceMinor
    guard minor == kind.priceMinor else {
      throw BooksHouse.NotPublished(why: "ten rides cost \(minor)")
    }
    learn {
      $0.purchases[rider, default: []].append(
        SoldProduct(
          kind: kind, number: receipt.holding.holdingID, channel: order.channel, grantedAt: act.at,
          firstDay: CityCalendar.day(day)))
      $0.cashMinor += minor
      $0.soldMinor += minor
    }
    count("product")
  }

  /// A stop is found from the positions of the vehicle, for a tap of some day.
  private mutating func findStop() async throws {
    let riders = model.taps.keys.sorted()
    guard !riders.isEmpty else { return }
    let rider = riders[chance.integer(in: 0...riders.count - 1)]
    let taps = (model.taps[rider] ?? []).filter { $0.stop == nil }
    guard !taps.isEmpty else { return }
    let tap = taps[chance.integer(in: 0...taps.count - 1)]
    try await house.script(
      """
      insert into boarding (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders,
        stop, source, confidence)
      select fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders,
        '\(SmallTariff.hill)',
        'position', 0.9 from tap where device_id = '\(tap.device)' and seq = \(tap.seq)
      """)
    let now = house.clock.now
    _ = try await house.insist { [house] in
      try await house.store.write { db in
        try await db.rating.markPlaced([RiderDay(rider: rider, fareDay: tap.day)], at: now)
      }
    }
    learn { $0.findStop(SmallTariff.hill, of: tap) }
    count("stop")
  }

  private mutating func collectDebt() async throws {
    let debts = try await house.store.read { db in try await db.charging.debts() }
    guard let debt = debts.first, debt.window.state == .debt else { return }
    let house = house
    if chance.chance(0.5) {
      let order = try await have("write-off", again: .refused("waits for a decision")) {
        try await house.debts.proposeWriteOff(debt.id, reason: "simulated", by: "olena")
      }
      try await have("order", again: .refused("already")) {
        try await house.debts.decide(order, isApproved: true, by: "taras")
      }
      count("write-off")
    } else {
      try await have("debt", again: .refused("is authorising")) {
        try await house.debts.askNow(debt.id, by: "olena")
      }
    }
  }

  /// The plastic and the phone of one payment account become known to be one.
  private mutating func link(_ plastic: String, _ phone: String, _ act: RiderAct) async throws {
    for medium in [CityMedium(.bank, plastic), CityMedium(.phone, phone)] {
      guard holder(medium) != nil else { continue }
      let id = house.mediumID(medium)
      let house = house
      let oldest = try await have("link", again: .compared { $0 == $1 }) {
        try await house.riders.link(
          id, accountReference: "ABCDEFGHIJKLMNOPQRSTUVWXYZ012", by: act)
      }
      let both = [CityMedium(.bank, plastic), CityMedium(.phone, phone)].compactMap(holder)
      // The first of the two is the only one that is known of the account.
      guard medium.kind == .phone else { continue }
      learn(about: both) { model in
        for other in both where other != oldest { model.merge(other, into: oldest) }
      }
      count("link")
    }
  }

  private mutating func merge(
    _ one: CityMedium, _ other: CityMedium, _ act: RiderAct
  ) async throws {
    guard let gone = holder(one), let kept = holder(other), gone != kept else { return }
    let house = house
    let outcome = try await ask("merge", again: .refused("merged into")) {
      try await house.riders.merge(gone, into: kept, by: act)
    }
    guard case .done = outcome else {
      count("merge refused")
      return
    }
    learn(about: [gone, kept]) { $0.merge(gone, into: kept) }
    count("merge")
  }

  /// Pays a rider out and takes away who they were.
  private mutating func erase(_ medium: CityMedium, _ act: RiderAct) async throws {
    guard let rider = holder(medium) else { return }
    try await house.work()
    // What is owed is paid first, with a kopiyka left that is given back.
    let balance = model.balance(of: rider)
    let debt = model.due(of: rider)
    let deposit = model.deposits[rider] ?? 0
    if deposit <= debt { try await topUp(rider, debt - deposit + 1, act) }
    let left = deposit <= debt ? 1 : balance
    let (house, order) = (house, cash(nil))
    try await have(
      "refund of stored value",
      again: .answered { $0.isRepeated && $0.movement.amountMinor == -left }
    ) { try await house.wallets.refund(order, to: rider, by: act) }
    learn {
      $0.deposits[rider, default: 0] -= left
      $0.cashMinor -= left
    }
    let nobody = try await have("erasure", again: .refused("no such rider")) {
      try await house.riders.erase(
        rider, forfeiting: true, by: act,
        randomBytes: { count in (0..<count).map { UInt8($0 * 7 + 1) } })
    }
    let day = house.city.current.fareDay(of: act.at)
    learn(about: [rider]) { $0.erase(rider, as: nobody, on: day) }
    count("erased")
  }
}
