import Basics
import Clearing
import Ledger
import Store
import Tapping
import Testing
import Transit
import Wallet

/// The tariff of the tests with something to buy.
let productTariff =
  testTariff + """

    products:
      - {name: ten rides, trips: 10, valid: {days: 40}, price: {adult: 70.00}}
      - {name: month, valid: {days: 30}, price: {adult: 300.00}}
      - {name: month from first ride, valid: {days: 30, from: first_use}, price: {adult: 300.00}}
    """

let hryvnia = Currency("UAH") ?? { preconditionFailure("UAH is a code") }()

/// A person at a desk, for a reason.
let desk = RiderAct(actor: "desk 1", reason: "test", at: House.noon)

extension House {
  var wallets: WalletDesk { WalletDesk(store: store, city: city) }
  var products: ProductDesk { ProductDesk(store: store, city: city) }
  var riders: RiderDesk { RiderDesk(store: store, city: city, tokenKey: tokenKey) }
  var recognition: RevenueRecognition {
    RevenueRecognition(store: store, city: city, log: quiet)
  }

  /// The rider who founded themselves with a card.
  func rider(_ card: String) -> RiderID {
    let medium = medium(card)
    return RiderID(high: medium.high, low: medium.low)
  }

  func medium(_ card: String, _ kind: MediumKind = .card) -> MediumID {
    tokenKey.mediumID(kind: kind, token: Array(card.utf8))
  }

  /// Registers a card that never tapped.
  @discardableResult
  func register(_ card: String, _ kind: MediumKind = .card) async throws -> RiderID {
    try await riders.register(
      kind, token: Array(card.utf8), to: nil, validTo: nil, by: desk)
  }

  @discardableResult
  func topUp(
    _ rider: RiderID, _ minor: Int64, key: String, at now: Instant = House.noon
  ) async throws -> MoneyReceipt {
    try await wallets.topUp(
      cash(minor, key: key), to: rider,
      by: RiderAct(actor: "desk 1", reason: "test", at: now))
  }

  /// Tops up by bank card at a terminal, which calls it by a reference.
  @discardableResult
  func topUpByCard(
    _ rider: RiderID, _ minor: Int64, reference: String, at now: Instant = House.noon
  ) async throws -> MoneyReceipt {
    try await wallets.topUp(
      byCard(minor, reference: reference), to: rider,
      by: RiderAct(actor: "desk 1", reason: "test", at: now))
  }

  /// An order by bank card; its key is its reference.
  func byCard(
    _ minor: Int64?, reference: String?, of payment: String? = nil, key: String? = nil
  ) -> MoneyOrder {
    var order = MoneyOrder(
      minor: minor, currency: hryvnia, channel: .acquirer, place: "desk 1", reference: reference,
      key: key ?? "\(reference ?? "")\(payment ?? "")")
    order.payment = payment
    return order
  }

  /// An order in cash at desk 1.
  func cash(_ minor: Int64?, key: String) -> MoneyOrder {
    MoneyOrder(
      minor: minor, currency: hryvnia, channel: .cash, place: "desk 1", reference: key, key: key)
  }

  func balance(_ rider: RiderID, at moment: Instant = House.noon) async throws -> Int64? {
    try await wallets.balance(of: rider, in: hryvnia, at: moment)
  }

  /// What accounts stand at, in minor units, each on the side on which it grows.
  func accounts() async throws -> [String: Int64] {
    let balance = try await store.read { db in try await db.books.trialBalance(through: nil) }
    var accounts: [String: Int64] = [:]
    for row in balance.rows {
      let kind = try #require(ChartOfAccounts.standard.find(row.key.account)?.kind)
      let minor = row.balanceMinor(of: kind)
      if minor != 0 { accounts[row.key.account, default: 0] += minor }
    }
    return accounts
  }

  /// Changes how low cards may go.
  func rule(negative: Int64, minimum: Int64 = 0) async throws {
    try await wallets.set(
      WalletRule(minimumMinor: minimum, negativeMaxMinor: negative), of: hryvnia, by: desk)
  }

  /// Why validators do not let a medium on.
  func denials(_ medium: MediumID) async throws -> [DenialReason] {
    try await store.read { db in try await db.media.find(medium) }?.denials ?? []
  }

  /// Everything proves: entries, runs, stored value, products, and every fare from its taps.
  func expectSound(_ comment: String = "", line: SourceLocation = #_sourceLocation) async throws {
    let audit = try await audit()
    #expect(audit.isSound, "\(comment) \(audit.findings)", sourceLocation: line)
  }
}
