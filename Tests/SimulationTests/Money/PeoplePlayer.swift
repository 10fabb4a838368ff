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
    let outcome = try await ask { try await house.riders.merge(gone, into: kept, by: act) }
    guard judge(outcome, "merge", isRight: isRight) else { return }
    moved(gone, to: kept)
    books.people.merge(gone, into: kept)
    isUnsettled = true
  }

  /// Orders about an account follow it to its new rider, or end with it when that one has one.
  private mutating func moved(_ gone: RiderID, to kept: RiderID) {
    for index in accountOrders.indices where accountOrders[index].rider == gone {
      if books.people.deposits[kept] == nil {
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
      if books.people.balance(of: rider) ?? 0 > 0 { try await refund(rider, nil, .cash) }
    }
    let isEven =
      books.people.owed(by: rider) == 0 && books.people.balance(of: rider) ?? 0 == 0
    let isOpen = try await isOpen(rider)
    let (house, act, salt) = (house, act, UInt8(place))
    let outcome = try await ask {
      try await house.riders.erase(
        rider, by: act,
        randomBytes: { count in (0..<count).map { UInt8($0 * 7) &+ salt } })
    }
    guard judge(outcome, "erasure", isRight: isEven && !isOpen),
      case .done(let nobody) = outcome
    else { return }
    for index in accountOrders.indices where accountOrders[index].rider == rider {
      accountOrders[index].rider = nobody
    }
    books.people.erase(rider, as: nobody)
  }

  /// Whether windows of the rider are not at their end.
  ///
  /// What is not closed yet is charged later, by the taps of the journal.
  private func isOpen(_ rider: RiderID) async throws -> Bool {
    try await house.number(
      """
      select count(*) from charge_window where rider_id = '\(rider)' and (due_minor <> 0
        or state not in ('settled', 'nothing', 'netted', 'written_off'))
      """) > 0
  }
}
