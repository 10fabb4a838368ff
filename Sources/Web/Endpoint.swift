import Charging
package import HTTPTypes
import Store
import Tapping

/// Every way in over HTTP: the one list that routing, authorisation, `/openapi.yaml` and the test of
/// every endpoint against every caller read.
///
/// `{name}` stands for one part of a path, `{name...}` for the rest of it.
package enum Endpoint: String, CaseIterable, Sendable {
  // Validators and trackers
  case deviceEnroll = "POST /v1/devices/enroll"
  case deviceSelf = "GET /v1/devices/self"
  case deviceHeartbeat = "POST /v1/devices/heartbeat"
  case deviceKeys = "POST /v1/devices/keys"
  case denyListFetch = "GET /v1/deny-list"
  case deviceSession = "POST /v1/sessions"
  case tapBatches = "POST /v1/tap-batches"
  case positions = "POST /v1/positions"

  // Running the city
  case deviceAdd = "POST /v1/devices"
  case deviceList = "GET /v1/devices"
  case deviceShow = "GET /v1/devices/{id}"
  case deviceAssign = "POST /v1/devices/{id}/assign"
  case deviceSuspend = "POST /v1/devices/{id}/suspend"
  case deviceResume = "POST /v1/devices/{id}/resume"
  case deviceRevoke = "POST /v1/devices/{id}/revoke"
  case deviceRotate = "POST /v1/devices/{id}/rotate"
  case deviceReplace = "POST /v1/devices/{id}/replace"
  case deviceKeepHardware = "POST /v1/devices/{id}/cancel-replacement"
  case fleetSilent = "GET /v1/fleet/silent"
  case fleetGaps = "GET /v1/fleet/gaps"
  case fleetConflicts = "GET /v1/fleet/conflicts"
  case quarantineList = "GET /v1/quarantine"
  case quarantineRelease = "POST /v1/quarantine/release"
  case quarantineDiscard = "POST /v1/quarantine/discard"
  case denyListEntries = "GET /v1/deny-list/entries"
  case denyListAdd = "POST /v1/deny-list/entries"
  case denyListLift = "POST /v1/deny-list/lift"
  case denyListVersions = "GET /v1/deny-list/versions"
  case denyListBehind = "GET /v1/deny-list/behind"
  case evidence = "GET /v1/evidence"
  case networkImport = "POST /v1/network"
  case tariffPublish = "POST /v1/tariffs"
  case status = "GET /v1/status"
  case auditTaps = "GET /v1/audit/taps"

  // Money and rides
  case riderRides = "GET /v1/riders/{id}/rides"
  case report = "GET /v1/reports/{name}"
  case trialBalance = "GET /v1/ledger/trial-balance"
  case periods = "GET /v1/ledger/periods"
  case adjustments = "GET /v1/ledger/adjustments"
  case adjustmentAsk = "POST /v1/ledger/adjustments"
  case adjustmentDecide = "POST /v1/ledger/adjustments/{id}/decision"
  case ratingPreview = "GET /v1/rating/preview"
  case ratingLook = "POST /v1/rating/previews"
  case ratingOrders = "GET /v1/rating/orders"
  case ratingOrder = "POST /v1/rating/orders"
  case ratingShow = "GET /v1/rating/orders/{id}"
  case ratingApprove = "POST /v1/rating/orders/{id}/approve"
  case ratingRefuse = "POST /v1/rating/orders/{id}/refuse"
  case ratingLimit = "GET /v1/rating/limit"
  case ratingLimitSet = "POST /v1/rating/limit"
  case pastChanges = "GET /v1/rating/changes"
  case tapStates = "GET /v1/taps/states"
  case tapsStuck = "GET /v1/taps/stuck"
  case tapListing = "GET /v1/taps/deny-list"
  case stopCorrections = "GET /v1/taps/stop-corrections"
  case stopCorrect = "POST /v1/taps/stop-corrections"
  case stopWithdraw = "POST /v1/taps/stop-corrections/withdraw"
  case stopApprove = "POST /v1/taps/stop-corrections/{id}/approve"
  case stopRefuse = "POST /v1/taps/stop-corrections/{id}/refuse"

  // Riders, their media and proofs
  case riderRegister = "POST /v1/riders"
  case riderShow = "GET /v1/riders/{id}"
  case riderMedia = "POST /v1/riders/{id}/media"
  case riderReplace = "POST /v1/riders/{id}/media/replace"
  case riderBlock = "POST /v1/riders/{id}/block"
  case riderUnblock = "POST /v1/riders/{id}/unblock"
  case riderProof = "POST /v1/riders/{id}/entitlements"
  case riderProofWithdraw = "POST /v1/riders/{id}/entitlements/withdraw"
  case riderMerge = "POST /v1/riders/{id}/merge"
  case riderErase = "POST /v1/riders/{id}/erase"
  case proofsExpiring = "GET /v1/entitlements/expiring"

  // Stored value, passes and carnets
  case wallet = "GET /v1/riders/{id}/wallet"
  case walletTopUp = "POST /v1/riders/{id}/wallet/top-ups"
  case walletRefund = "POST /v1/riders/{id}/wallet/refunds"
  case walletCorrect = "POST /v1/riders/{id}/wallet/corrections"
  case walletWriteOff = "POST /v1/riders/{id}/wallet/write-offs"
  case riderProducts = "GET /v1/riders/{id}/products"
  case productSell = "POST /v1/riders/{id}/products"
  case productRefund = "POST /v1/riders/{id}/products/refund"

  // Bank cards, operators' money
  case acquirerEvent = "POST /v1/acquirer/events"
  case acquirerMessages = "GET /v1/acquirer/messages"
  case acquirerMessageDecide = "POST /v1/acquirer/messages/{id}/decision"
  case acquirerReconciliation = "GET /v1/acquirer/reconciliation"
  case chargeWindows = "GET /v1/charges"
  case chargeShow = "GET /v1/charges/{id}"
  case chargePay = "POST /v1/charges/{id}/payments"
  case chargeAsk = "POST /v1/charges/{id}/ask"
  case chargeWriteOff = "POST /v1/charges/{id}/write-off"
  case chargeRefund = "POST /v1/charges/{id}/refunds"
  case refundPay = "POST /v1/refunds/{id}/payments"
  case debts = "GET /v1/debts"
  case moneyOrders = "GET /v1/money-orders"
  case moneyOrderDecide = "POST /v1/money-orders/{id}/decision"
  case operatorClaims = "GET /v1/operators/claims"
  case operatorAccounts = "GET /v1/operators/accounts"
  case operatorAccount = "POST /v1/operators/{id}/account"
  case payouts = "GET /v1/payouts"
  case payoutPropose = "POST /v1/payouts"
  case paymentFileMake = "POST /v1/payment-files"
  case paymentFile = "GET /v1/payment-files/{id}"
  case paymentFileConfirm = "POST /v1/payment-files/{id}/confirmation"
  case subsidyRates = "GET /v1/subsidies/rates"
  case subsidyRateSet = "POST /v1/subsidies/rates"
  case subsidyClaims = "GET /v1/subsidies/claims"
  case subsidyClaimMake = "POST /v1/subsidies/claims"
  case subsidyClaim = "GET /v1/subsidies/claims/{id}"
  case subsidyEvidence = "GET /v1/subsidies/claims/{id}/evidence"
  case subsidyPaid = "POST /v1/subsidies/claims/{id}/payment"
  case bankAccounts = "GET /v1/bank/accounts"
  case bankAccountAdd = "POST /v1/bank/accounts"
  case bankStatements = "GET /v1/bank/statements"
  case bankStatementTake = "POST /v1/bank/statements"
  case bankLines = "GET /v1/bank/lines"
  case bankLineMatch = "POST /v1/bank/lines/{id}/match"

  // Planning, and what everyone may see
  case routeLoad = "GET /v1/ridership/route-load"
  case routeBoardings = "GET /v1/ridership/routes"
  case originDestination = "GET /v1/ridership/od"
  case stopBoardings = "GET /v1/ridership/stops"
  case networkRoutes = "GET /v1/network/routes"
  case networkStops = "GET /v1/network/stops"
  case vehicles = "GET /v1/vehicles"
  case vehiclePositions = "GET /gtfs-realtime/vehicle-positions.pb"
  case vehiclePositionsJSON = "GET /gtfs-realtime/vehicle-positions.json"
  case tripUpdates = "GET /gtfs-realtime/trip-updates.pb"
  case tripUpdatesJSON = "GET /gtfs-realtime/trip-updates.json"

  // Operations
  case health = "GET /healthz"
  case readiness = "GET /readyz"
  case metrics = "GET /metrics"
  case openAPI = "GET /openapi.yaml"

  // Pages
  case overviewPage = "GET /"
  case mapPage = "GET /vehicles"
  case fleetPage = "GET /devices"
  case fleetAct = "POST /devices"
  case loadPage = "GET /routes"
  case reportPage = "GET /report"
  case booksPage = "GET /books"
  case booksAct = "POST /books"
  case subsidyPage = "GET /subsidies"
  case subsidyAct = "POST /subsidies"
  case bankPage = "GET /bank"
  case bankAct = "POST /bank"
  case ratingPage = "GET /rating"
  case ratingAct = "POST /rating"
  case riderPage = "GET /rider"
  case loginPage = "GET /login"
  case login = "POST /login"
  case logout = "POST /logout"
  case asset = "GET /assets/{name}"
  case library = "GET /lib/{library}/{file...}"

  /// The method of the request.
  package var method: HTTPRequest.Method {
    rawValue.hasPrefix("POST ") ? .post : .get
  }

  /// The path with its `{parameters}`.
  package var path: String {
    String(rawValue[rawValue.index(after: rawValue.firstIndex(of: " ") ?? rawValue.startIndex)...])
  }

  /// Who may call.
  package var access: Access {
    switch self {
    case .health, .readiness, .metrics, .openAPI, .asset, .library, .loginPage, .login, .logout,
      .fleetAct, .booksAct, .subsidyAct, .bankAct, .ratingAct, .mapPage, .networkRoutes,
      .networkStops,
      .vehicles, .vehiclePositions, .vehiclePositionsJSON, .tripUpdates, .tripUpdatesJSON:
      .anyone
    case .deviceEnroll: .oneTimeSecret
    case .deviceSelf, .deviceHeartbeat, .deviceKeys, .denyListFetch, .deviceSession, .tapBatches,
      .positions:
      .device
    case .deviceAdd, .deviceRevoke, .deviceRotate, .deviceReplace, .deviceKeepHardware,
      .networkImport, .tariffPublish, .auditTaps:
      .staff([])
    case .deviceList, .deviceShow, .deviceAssign, .deviceSuspend, .deviceResume, .fleetSilent,
      .fleetGaps, .fleetConflicts, .denyListBehind:
      .staff([.dispatcher])
    // Each sees the parts that their role may ask for.
    case .quarantineList, .fleetPage: .staff([.accountant, .dispatcher])
    case .stopCorrections: .staff([.accountant, .dispatcher, .inspector])
    // Where a vehicle was the dispatchers know, what a rider says the riders' desk.
    case .stopCorrect, .stopWithdraw, .pastChanges: .staff([.accountant, .dispatcher])
    case .quarantineRelease, .quarantineDiscard: .staff([.accountant])
    case .denyListEntries, .denyListVersions, .tapListing:
      .staff([.accountant, .dispatcher, .inspector])
    case .denyListAdd, .denyListLift: .staff([.accountant])
    case .evidence: .staff([.accountant, .inspector])
    case .status, .overviewPage: .staff([.accountant, .planner, .dispatcher, .inspector])
    case .riderRides, .riderPage, .riderShow: .staff([.accountant, .inspector, .rider])
    case .wallet, .riderProducts: .staff([.accountant, .inspector, .rider, .cashier])
    case .riderRegister, .riderMedia, .riderReplace, .riderBlock, .riderUnblock, .riderProof,
      .riderProofWithdraw, .proofsExpiring:
      .staff([.accountant])
    // Whoever keeps the books does not handle the cash.
    case .walletTopUp, .walletRefund, .productSell, .productRefund, .chargePay, .refundPay:
      .staff([.cashier])
    case .riderMerge, .riderErase: .staff([])
    case .report, .reportPage: .staff([.accountant], scoped: true)
    case .periods, .adjustments, .adjustmentAsk, .adjustmentDecide, .booksPage:
      .staff([.accountant])
    case .trialBalance, .ratingPage, .ratingPreview, .ratingLook, .ratingOrders, .ratingOrder,
      .ratingShow, .ratingApprove, .ratingRefuse, .ratingLimit, .ratingLimitSet, .tapStates,
      .tapsStuck, .stopApprove, .stopRefuse,
      .walletCorrect, .walletWriteOff:
      .staff([.accountant])
    case .acquirerEvent: .acquirer
    case .chargeAsk: .staff([.accountant, .rider])
    case .acquirerMessages, .acquirerMessageDecide, .acquirerReconciliation, .chargeWindows,
      .chargeShow, .chargeWriteOff, .chargeRefund, .debts, .moneyOrders, .moneyOrderDecide:
      .staff([.accountant])
    case .operatorClaims, .operatorAccounts, .payouts: .staff([.accountant], scoped: true)
    case .operatorAccount, .payoutPropose, .paymentFileMake, .paymentFile, .paymentFileConfirm,
      .subsidyRates, .subsidyRateSet, .subsidyClaims, .subsidyClaimMake, .subsidyClaim,
      .subsidyEvidence, .subsidyPaid, .subsidyPage, .bankAccounts, .bankAccountAdd,
      .bankStatements, .bankStatementTake, .bankLines, .bankLineMatch, .bankPage:
      .staff([.accountant])
    case .routeLoad, .routeBoardings, .originDestination, .stopBoardings, .loadPage:
      .staff([.planner, .dispatcher], scoped: true)
    }
  }

  /// What the body of a request may be.
  package var body: BodyRule {
    switch self {
    case .tapBatches:
      BodyRule(
        types: BatchEncoding.allCases.map(\.mediaType), bytesMax: BodyRule.bytesMax,
        isPackable: true)
    case .deviceSession:
      BodyRule(types: ["text/plain"], bytesMax: SessionLimits.handshakeBytesMax)
    case .positions, .deviceAdd, .deviceEnroll, .riderRegister, .riderMedia,
      .riderReplace, .riderBlock, .riderUnblock, .riderProof, .riderProofWithdraw, .riderMerge,
      .riderErase, .walletTopUp, .walletRefund, .walletCorrect, .walletWriteOff, .productSell,
      .productRefund,
      .acquirerEvent, .acquirerMessageDecide, .chargePay, .chargeWriteOff, .chargeRefund,
      .refundPay,
      .moneyOrderDecide, .deviceHeartbeat, .deviceKeys,
      .deviceAssign, .quarantineRelease, .quarantineDiscard, .stopCorrect, .stopWithdraw,
      .denyListAdd, .denyListLift, .adjustmentAsk, .adjustmentDecide,
      .operatorAccount, .payoutPropose, .paymentFileMake, .paymentFileConfirm, .subsidyRateSet,
      .subsidyClaimMake, .bankAccountAdd, .bankLineMatch, .ratingLimitSet:
      BodyRule(types: ["application/json"], bytesMax: BodyRule.bytesMax)
    case .networkImport:
      BodyRule(
        types: ["application/zip", "application/octet-stream"], bytesMax: BodyRule.feedBytesMax)
    case .bankStatementTake:
      BodyRule(types: ["application/xml", "text/xml"], bytesMax: BankStatement.bytesMax)
    case .tariffPublish:
      BodyRule(
        types: ["application/yaml", "text/yaml", "text/plain"], bytesMax: BodyRule.bytesMax)
    case .login, .fleetAct, .booksAct, .subsidyAct, .bankAct, .ratingAct:
      BodyRule(types: ["application/x-www-form-urlencoded"], bytesMax: BodyRule.formBytesMax)
    default: BodyRule.none
    }
  }

  /// Which part of the service answers; a process may run some of them only.
  package var part: ServicePart? {
    switch self {
    case .health, .readiness, .metrics, .openAPI: nil
    case .deviceEnroll, .deviceSelf, .deviceHeartbeat, .deviceKeys, .denyListFetch, .deviceSession,
      .tapBatches, .positions:
      .intake
    default: .web
    }
  }

  /// Whether a person reads the answer in a browser: errors are then pages as well.
  package var isPage: Bool {
    switch self {
    case .overviewPage, .mapPage, .loadPage, .reportPage, .riderPage, .loginPage, .login, .logout,
      .fleetPage, .fleetAct, .booksPage, .booksAct, .subsidyPage, .subsidyAct, .bankPage,
      .bankAct, .ratingPage,
      .ratingAct:
      true
    default: false
    }
  }
}

/// What the body of a request may be.
package struct BodyRule: Sendable, Equatable {
  /// Most bytes of an ordinary body: 1 MiB.
  package static let bytesMax = 1 << 20
  /// Most bytes of a GTFS archive: 64 MiB.
  package static let feedBytesMax = 64 << 20
  /// Most bytes of a form: 4 KiB.
  package static let formBytesMax = 4 << 10
  /// No body is looked at.
  package static let none = BodyRule(types: [], bytesMax: 0)

  /// Media types that are understood, without parameters; none when there is no body.
  package let types: [String]
  /// Most bytes.
  package let bytesMax: Int
  /// Whether the body may be packed with gzip; it is handed on as it came.
  package var isPackable = false
}

/// A part of the service that a process may or may not run.
package enum ServicePart: String, Sendable, CaseIterable {
  case intake, clearing, insight, web
}
