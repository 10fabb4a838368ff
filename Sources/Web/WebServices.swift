package import Basics
package import Clearing
package import Insight
package import Intake
package import Logging
package import Store
package import Tapping
import Tracking

/// What the web room stands on: the services of the rooms below, and the world.
package struct WebServices: Sendable {
  package var store: Store
  package var city: CityHolder
  package var registry: PrometheusRegistry
  package var assets: Assets
  package var insight: InsightDesk
  /// Where all vehicles are, for the many who ask without a token.
  package var vehicles: SharedLook<LiveVehicles>
  /// Trip updates as GTFS-Realtime: strangers ask for them, so each look is encoded once for all who share it.
  package var tripFeed: SharedLook<[UInt8]>
  /// The same as JSON.
  package var tripFeedJSON: SharedLook<[UInt8]>
  package var intake: IntakeService
  package var positions: PositionIntake
  package var gate: DeviceGate
  package var desk: DeviceDesk
  package var heartbeats: HeartbeatIntake
  package var denyList: DenyListHolder
  package var quarantine: QuarantineDesk
  /// What people say about the stops of taps.
  package var stopCorrections: StopCorrectionDesk
  /// What one person may change of the past by places and proofs.
  package var pastChanges: PastDesk
  package var tokenKey: TokenKey
  /// Who bears a token.
  package var tokens: TokenDesk
  /// Why taps off ended no ride.
  package var unpairedTaps: UnpairedTapDesk
  /// What became of the charges of a rider's bank cards.
  package var riderCharges: RiderChargeDesk
  /// What people do about charge windows.
  package var debts: DebtDesk
  /// What operators are paid.
  package var payouts: PayoutDesk
  /// What the city pays for concessions.
  package var subsidies: SubsidyDesk
  /// What the bank says of the accounts of the house.
  package var statements: StatementDesk
  /// What two people decide about stored value.
  package var walletOrders: WalletOrderDesk
  /// What needs a second person.
  package var orders: MoneyOrders
  /// What the acquirer says by itself; nil when no acquirer is set up.
  package var acquirerMessages: MessageDesk?
  /// What people do about messages that fitted nothing.
  package var keptMessages: KeptMessageDesk
  /// What every answer to a device carries.
  package var facts: @Sendable () -> AnswerFacts
  package var now: @Sendable () -> Instant
  /// Random bytes for secrets.
  package var randomBytes: @Sendable (Int) -> [UInt8]
  /// What must hold before requests can be answered.
  package var readiness: SharedLook<[ReadinessCheck]>

  /// Puts the services together; `wayIn` is the database by connections that only devices use.
  package init(
    store: Store, wayIn: Store? = nil, city: CityHolder, registry: PrometheusRegistry,
    assets: Assets,
    insight: InsightDesk, intake: IntakeService, positions: PositionIntake, gate: DeviceGate,
    desk: DeviceDesk, denyList: DenyListHolder, log: Logger,
    tokenKey: TokenKey, acquirerMessages: MessageDesk? = nil,
    facts: @escaping @Sendable () -> AnswerFacts,
    now: @escaping @Sendable () -> Instant,
    randomBytes: @escaping @Sendable (Int) -> [UInt8],
    readiness: @escaping @Sendable () async -> [ReadinessCheck]
  ) {
    self.store = store
    self.city = city
    self.registry = registry
    self.assets = assets
    self.insight = insight
    vehicles = SharedLook { try await insight.vehicles(at: now()) }
    tripFeed = SharedLook { TripUpdatesFeed.encode(try await insight.tripUpdates(at: now())) }
    tripFeedJSON = SharedLook {
      TripUpdatesFeed.encodeJSON(try await insight.tripUpdates(at: now()))
    }
    self.intake = intake
    self.positions = positions
    self.gate = gate
    self.desk = desk
    self.denyList = denyList
    heartbeats = HeartbeatIntake(
      store: wayIn ?? store, gate: gate, factory: registry, log: log)
    quarantine = QuarantineDesk(store: store, log: log)
    stopCorrections = StopCorrectionDesk(store: store, city: city, log: log)
    pastChanges = PastDesk(store: store, city: city, log: log)
    self.tokenKey = tokenKey
    tokens = TokenDesk(store: store)
    self.acquirerMessages = acquirerMessages
    unpairedTaps = UnpairedTapDesk(store: store, city: city)
    riderCharges = RiderChargeDesk(store: store)
    debts = DebtDesk(store: store, city: city, now: now)
    payouts = PayoutDesk(store: store, city: city, now: now)
    subsidies = SubsidyDesk(store: store, city: city, now: now)
    statements = StatementDesk(store: store, city: city, now: now)
    keptMessages = KeptMessageDesk(store: store, now: now)
    walletOrders = WalletOrderDesk(store: store, city: city, now: now)
    orders = MoneyOrders(
      store: store, debts: debts, payouts: payouts, subsidies: subsidies, wallets: walletOrders)
    self.facts = facts
    self.now = now
    self.randomBytes = randomBytes
    self.readiness = SharedLook { await readiness() }
  }

  /// What a token allows; nil when there is no such token, or not any more.
  func grantOfToken(_ token: String, _ moment: Instant) async throws -> AccessGrant? {
    try await tokens.grant(of: token, at: moment)
  }
}
