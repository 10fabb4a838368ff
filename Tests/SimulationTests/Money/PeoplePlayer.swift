import Basics
import Clearing
import SimulatedCity
import Store
import Tapping
import Transit
import Wallet

/// What desks do about who riders are: proofs, further media, merging and erasing.
extension MoneyPlayer {
  mutating func playPeople(_ event: MoneyEvent, on day: Int) async throws {
    switch event {
    case .prove(let place, let category, let daysAgo, let days):
      let first = CityCalendar.day(day - daysAgo)
      try await prove(
        place,
        ShownProof(category: category, first: first, last: first.adding(days: days - 1)))
    case .hold(let medium, let place): try await hold(medium, with: place)
    case .merge(let gone, let kept): try await merge(gone, into: kept)
    case .link(let plastic, let phone): try await link(plastic, phone)
    case .erase(let place, let isSettled): try await erase(place, isSettled: isSettled)
    default: return
    }
  }

  private mutating func prove(_ place: Int, _ proof: ShownProof) async throws {
    guard let rider = holder(place) else { return }
    let (house, act) = (house, act)
    let days = ProvenDays(category: proof.category, first: proof.first, last: proof.last)
    let isRight = Self.fits(proof, to: books.people.proofs[rider] ?? [])
    let outcome = try await ask {
      try await house.riders.addProof(
        days, kind: nil, number: nil, note: nil, of: rider, isReplacing: false, by: act)
    }
    guard judge(outcome, "proof", isRight: isRight) else { return }
    books.people.prove(proof, of: rider)
    isUnsettled = true
  }

  /// Whether nobody proves two categories for one day.
  private static func fits(_ proof: ShownProof, to standing: [ShownProof]) -> Bool {
    !standing.contains {
      $0.category != proof.category && $0.first <= proof.last && proof.first <= $0.last
    }
  }

  private mutating func hold(_ medium: CityMedium, with place: Int) async throws {
    let rider = try await registered(place)
    let (house, act) = (house, act)
    let outcome = try await ask {
      try await house.riders.register(
        medium.kind, token: Array(medium.word.utf8), to: rider, validTo: nil, by: act)
    }
    guard judge(outcome, "further medium", isRight: true) else { return }
    books.people.give(medium, to: rider)
  }

  private mutating func merge(_ gone: Int, into kept: Int) async throws {
    guard let gone = holder(gone), let kept = holder(kept), gone != kept else { return }
    let (house, act) = (house, act)
    let standing = books.people.proofs[kept] ?? []
    let isRight = (books.people.proofs[gone] ?? []).allSatisfy { Self.fits($0, to: standing) }
    let outcome = try await ask("merge", again: .refused("merged into")) {
      try await house.riders.merge(gone, into: kept, by: act)
    }
    guard judge(outcome, "merge", isRight: isRight) else { return }
    moved(gone, to: kept)
    books.people.merge(gone, into: kept)
    isUnsettled = true
  }

  /// Orders about an account follow it to its new rider, or end with it when that one has one.
  private mutating func moved(_ gone: RiderID, to kept: RiderID) {
    for index in accountOrders.indices where accountOrders[index].rider == gone {
      if books.people.deposits[kept] == nil || accountOrders[index].subject != nil {
        accountOrders[index].rider = kept
      } else {
        accountOrders[index].isClosed = true
      }
    }
  }

  /// The plastic and the phone of one payment account become known to be one.
  private mutating func link(_ plastic: Int, _ phone: Int) async throws {
    for place in [plastic, phone] {
      guard holder(place) != nil else { continue }
      let (house, act, medium) = (house, act, house.mediumID(plan.media[place]))
      let outcome = try await ask {
        try await house.riders.link(
          medium, accountReference: "ABCDEFGHIJKLMNOPQRSTUVWXYZ012", by: act)
      }
      guard case .done(let oldest) = outcome else {
        count("link refused")
        continue
      }
      for other in [plastic, phone].compactMap(holder) where place == phone && other != oldest {
        moved(other, to: oldest)
        books.people.merge(other, into: oldest)
      }
      count("link")
    }
    isUnsettled = true
  }

  /// Takes away who a rider was, with what they owe and own settled first or not.
  private mutating func erase(_ place: Int, isSettled: Bool) async throws {
    try await settle()
    guard let rider = holder(place) else { return }
    if isSettled, books.people.deposits[rider] != nil {
      let owed = books.people.owed(by: rider)
      if owed > 0 { try await topUp(rider, owed, .cash) }
      let balance = books.people.balance(of: rider) ?? 0
      let isInCash = balance <= books.cash(rider)
      if balance > 0 { try await refund(rider, nil, isInCash ? .cash : .bank) }
    }
    let isEven =
      books.people.owed(by: rider) == 0 && books.people.balance(of: rider) ?? 0 == 0
    let isAccountless = try await house.texts(WindowChecks.accountless).contains("\(rider)")
    let isOpen = try await isOpen(rider, isAccountless: isAccountless)
    let (house, act, salt) = (house, act, UInt8(place))
    let outcome = try await ask("erasure", again: .refused("no such rider")) {
      try await house.riders.erase(
        rider, forfeiting: true, by: act,
        randomBytes: { count in (0..<count).map { UInt8($0 * 7) &+ salt } })
    }
    guard judge(outcome, "erasure", isRight: isEven && !isOpen),
      case .done(let nobody) = outcome
    else { return }
    for index in accountOrders.indices where accountOrders[index].rider == rider {
      accountOrders[index].rider = nobody
    }
    forfeit(of: rider)
    books.people.erase(rider, as: nobody, isAccountless: isAccountless)
  }

  /// What of the rider's passes and carnets is not used up is earned today.
  private mutating func forfeit(of rider: RiderID) {
    let rides = books.people.rides(of: rider)
    for (place, product) in (books.people.products[rider] ?? []).enumerated()
    where product.returnedOn == nil {
      let used = rides.count { $0.product == place && $0.tap.day <= today }
      guard product.earned(through: today, rides: used) < product.kind.priceMinor else { continue }
      books.people.products[rider]?[place].returnedOn = today
      count("product forfeited")
    }
  }

  /// Whether windows of the rider are not at their end, or days not closed, or refunds owed.
  ///
  /// A phone of which no account is known keeps no day open that was closed for others.
  private func isOpen(_ rider: RiderID, isAccountless: Bool) async throws -> Bool {
    let open = try await house.number(
      """
      select (select count(*) from charge_window where rider_id = '\(rider)' and (due_minor <> 0
          or state not in ('settled', 'nothing', 'netted', 'written_off')))
        + (select count(*) from charge_refund r join charge_window w using (window_id)
          where w.rider_id = '\(rider)' and r.state in ('approved', 'asking', 'failed')
            and not exists (select from statement_line l where l.subject = 'refund'
              and l.subject_id = r.refund_id))
      """)
    let closed = try await house.number(
      "select coalesce(max(fare_day) - date '1970-01-01', 0)::int8 from charge_day")
    let windows = Set(
      try await house.texts(
        """
        select concat_ws(' ', fare_day, sum(amount_minor)) from charge_window
        where rider_id = '\(rider)' group by fare_day having sum(amount_minor) <> 0
        """))
    let charged = SettledRides(books.people.rides(of: rider), isAccountless: false).charged
      .filter { $0.value != 0 && !(isAccountless && $0.key.number <= closed) }
    let rides = Set(charged.map { "\($0.key) \($0.value)" })
    return open > 0 || rides != windows
  }
}
