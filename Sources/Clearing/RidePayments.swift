import Basics
import Ledger
import Store
import Transit
import Wallet

/// Takes the fares of rides with a card or QR code from the stored value of their riders.
///
/// A day that is rated anew comes to another sum, and the difference moves: there is no other way
/// from a ride to a balance. Riders without an account cost one look at a table.
enum RidePayments {
  /// Who moves the money when no person does.
  static let actor = "clearing"

  /// Brings the accounts of some riders up to date with the rider-days rated just now.
  ///
  /// `riders` are further riders whose debts are to be paid, after a top-up. All riders are of the
  /// lane; their accounts are held until the transaction ends. Whoever has an account comes back.
  /// Rides that only change their rider undo nothing of what was given up (`undoesWriteOffs`).
  @discardableResult
  static func collect(
    rated: [RiderDay], and riders: Set<RiderID> = [], lane: Int16, accountingDate: Day,
    undoesWriteOffs: Bool = true, in db: StoreSession, at now: Instant
  ) async throws -> Set<WalletOwner> {
    var accounts = try await db.wallets.lock(of: riders.union(rated.map(\.rider)))
    guard !accounts.isEmpty else { return [] }
    let owners = Set(accounts.map(\.rider))
    let days = Dictionary(
      grouping: try await db.wallets.days(
        of: accounts, rated: rated.filter { owners.contains($0.rider) }, lane: lane),
      by: \.accountID)
    var saved: [(accountID: Int64, day: WalletDay)] = []
    var movements: [MovementRow] = []
    var crossed: [RiderID: Bool] = [:]
    let givenUp = try await undoesWriteOffs ? givenUp(of: accounts, days, in: db) : [:]
    for index in accounts.indices {
      movements += pay(
        &accounts[index], days[accounts[index].accountID] ?? [],
        givenUpMinor: givenUp[accounts[index].accountID] ?? 0, saving: &saved,
        accountingDate: accountingDate, at: now)
      let denies = accounts[index].rule.denies(balanceMinor: accounts[index].balanceMinor)
      guard denies != (accounts[index].deniedSince != nil) else { continue }
      accounts[index].deniedSince = denies ? now : nil
      crossed[accounts[index].rider] = denies
    }
    try await db.wallets.save(saved)
    try await book(&movements, of: accounts, accountingDate: accountingDate, in: db, at: now)
    try await db.wallets.add(movements)
    if !movements.isEmpty || !crossed.isEmpty { try await db.wallets.save(accounts) }
    for denies in [true, false] {
      let riders = crossed.filter { $0.value == denies }.keys.sorted()
      guard !riders.isEmpty else { continue }
      let media = try await db.media.ofStoredValue(of: riders)
      try await MediumDenial.set(denies, .storedValue, on: media, in: db, at: now)
    }
    return Set(accounts.map { WalletOwner(rider: $0.rider, currency: $0.currency) })
  }

  /// The rider-days of rides that stored value should pay, and that no account is there to pay.
  static func owing(_ rides: [RideRow], owners: Set<WalletOwner>) -> Set<RiderDay> {
    var days: Set<RiderDay> = []
    for place in rides.indices
    where rides[place].mediumKind.isOfStoredValue && rides[place].chargedMinor ?? 0 > 0 {
      let day = rides[place].day
      let owner = WalletOwner(rider: day.rider, currency: rides[place].currency)
      if owners.isEmpty || !owners.contains(owner) { days.insert(day) }
    }
    return days
  }

  /// Pays debts of an account whose balance was changed, and tells validators whether it is denied.
  static func settle(
    _ account: WalletAccountRow, on date: Day, in db: StoreSession, at now: Instant
  ) async throws {
    try await collect(
      rated: [], and: [account.rider], lane: Lane.of(account.rider), accountingDate: date, in: db,
      at: now)
  }

  /// What was given up of accounts that get something back now.
  private static func givenUp(
    of accounts: [WalletAccountRow], _ days: [Int64: [WalletDayRow]], in db: StoreSession
  ) async throws -> [Int64: Int64] {
    let returned = accounts.filter { account in
      (days[account.accountID] ?? []).contains { $0.day.returnedMinor > 0 }
    }
    return try await db.wallets.givenUp(of: returned.map(\.accountID))
  }

  /// The movements of one account, and its days as they then stand.
  ///
  /// What comes back of fares undoes first what was given up of the account: nobody is given money that
  /// nobody had paid.
  private static func pay(
    _ account: inout WalletAccountRow, _ rows: [WalletDayRow], givenUpMinor: Int64,
    saving saved: inout [(accountID: Int64, day: WalletDay)], accountingDate: Day, at now: Instant
  ) -> [MovementRow] {
    let undone = min(givenUpMinor, rows.reduce(0) { $0 + $1.day.returnedMinor })
    let payments = RidePaying.payments(
      days: rows.map(\.day), balanceMinor: account.balanceMinor - undone, rule: account.rule)
    let paid = Dictionary(uniqueKeysWithValues: payments.map { ($0.day, $0.minor) })
    for row in rows {
      let isNew = row.keptDueMinor == nil
      let isChanged = paid[row.day.day] != nil || row.keptDueMinor != row.day.dueMinor
      guard isChanged, !isNew || row.day.dueMinor > 0 else { continue }
      let day = WalletDay(
        day: row.day.day, dueMinor: row.day.dueMinor,
        paidMinor: row.day.paidMinor + (paid[row.day.day] ?? 0))
      saved.append((account.accountID, day))
    }
    return payments.map { payment in
      account.balanceMinor -= payment.minor
      var movement = MovementRow(
        accountID: account.accountID, kind: .ride, amountMinor: -payment.minor,
        balanceMinor: account.balanceMinor, at: now, accountingDate: accountingDate, actor: actor)
      movement.fareDay = payment.day
      return movement
    } + undoing(undone, of: &account, accountingDate: accountingDate, at: now)
  }

  /// The movement that takes off what was given up and is not owed any more; none for nothing.
  private static func undoing(
    _ minor: Int64, of account: inout WalletAccountRow, accountingDate: Day, at now: Instant
  ) -> [MovementRow] {
    guard minor > 0 else { return [] }
    account.balanceMinor -= minor
    return [
      MovementRow(
        accountID: account.accountID, kind: .writeOff, amountMinor: 0 - minor,
        balanceMinor: account.balanceMinor, at: now, accountingDate: accountingDate, actor: actor)
    ]
  }

  /// Undoes what was given up of an account, as far as it got money back that is no fare's.
  static func undoWriteOff(
    with returnedMinor: Int64, of account: inout WalletAccountRow, on date: Day,
    in db: StoreSession, at now: Instant
  ) async throws {
    let givenUp = try await db.wallets.givenUp(of: [account.accountID])[account.accountID] ?? 0
    var movements = undoing(
      min(givenUp, returnedMinor), of: &account, accountingDate: date, at: now)
    try await book(&movements, of: [account], accountingDate: date, in: db, at: now)
    try await db.wallets.add(movements)
    try await db.wallets.save([account])
  }

  /// One entry for each currency and fare day, and its number on the movements it sums up; what undoes a
  /// write-off has an entry of its own for each currency.
  private static func book(
    _ movements: inout [MovementRow], of accounts: [WalletAccountRow], accountingDate: Day,
    in db: StoreSession, at now: Instant
  ) async throws {
    let currencies = Dictionary(
      uniqueKeysWithValues: accounts.map { ($0.accountID, $0.currency) })
    let groups = Dictionary(grouping: movements.indices) { index in
      Key(
        currency: currencies[movements[index].accountID]?.code ?? "",
        day: movements[index].fareDay ?? accountingDate,
        isUndoing: movements[index].kind == .writeOff)
    }
    for (key, places) in groups.sorted(by: { $0.key < $1.key }) {
      guard let currency = Currency(key.currency) else { continue }
      var paid: Int64 = 0
      var returned: Int64 = 0
      for place in places {
        let minor = movements[place].amountMinor
        if minor < 0 { paid -= minor } else { returned += minor }
      }
      let entry =
        key.isUndoing
        ? try WalletEntries.writeOffUndone(
          Money(minor: paid, currency: currency), on: accountingDate)
        : try WalletEntries.ridePayments(
          paidMinor: paid, returnedMinor: returned, currency: currency, fareDay: key.day,
          on: accountingDate)
      try await db.books.add([entry], at: now)
      let number = try await db.wallets.lastEntry()
      for place in places { movements[place].entryID = number }
    }
  }

  private struct Key: Hashable, Comparable {
    let currency: String
    let day: Day
    let isUndoing: Bool

    static func < (left: Key, right: Key) -> Bool {
      (left.currency, left.day, left.isUndoing ? 1 : 0)
        < (right.currency, right.day, right.isUndoing ? 1 : 0)
    }
  }
}
