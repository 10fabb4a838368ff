import Basics
import Insight
import Store
import Tapping

/// What each endpoint does.
struct Handlers: Sendable {
  let services: WebServices
  let pages: Pages

  init(services: WebServices) throws {
    self.services = services
    pages = try Pages()
  }

  /// How to write for the reader of an answer.
  func people(_ request: WebRequest) -> People {
    People(language: request.language, zone: services.city.current.clock.zone)
  }

  /// The page that tells a person what failed.
  func problemPage(_ problem: Problem, of failed: FailedRequest, language: Language) -> Answer {
    pages.problem(
      problem, of: failed, language: language, at: services.now(),
      zone: services.city.current.clock.zone)
  }

  /// Answers a request that was let in.
  func answer(_ request: WebRequest) async throws -> Answer {
    if let answer = try await fleetAnswer(request) { return answer }
    return switch request.endpoint {
    case .tapBatches: try await tapBatch(request)
    case .deviceSession: try await deviceSession(request)
    case .positions: try await positions(request)
    case .deviceSelf: try await deviceSelf(request)
    case .deviceAdd: try await deviceAdd(request)
    case .deviceEnroll: try await deviceEnroll(request)
    case .deviceList: try await deviceList(request)
    case .networkImport: try await networkImport(request)
    case .networkRoutes: networkRoutes()
    case .networkStops: networkStops()
    case .tariffPublish: try await tariffPublish(request)
    case .health: health()
    case .readiness: try await readiness(request)
    case .metrics: metrics()
    case .openAPI: openAPI()
    case .asset, .library: try asset(request)
    case .loginPage: loginPage(request)
    case .login: try await login(request)
    case .logout: try logout(request)
    case .status: try await status(request)
    case .auditTaps: try await auditTaps(request)
    case .riderRides, .riderRegister, .riderShow, .riderMedia, .riderReplace, .riderBlock,
      .riderUnblock, .riderProof, .riderProofWithdraw, .riderMerge, .riderErase, .proofsExpiring,
      .wallet, .walletTopUp, .walletRefund, .walletCorrect, .walletWriteOff, .riderProducts,
      .productSell, .productRefund:
      try await riderAnswer(request)
    case .report: try await report(request)
    case .trialBalance, .periods, .adjustments, .adjustmentAsk, .adjustmentDecide:
      try await ledgerAnswer(request)
    case .ratingPreview, .ratingLook, .ratingOrders, .ratingOrder, .ratingShow, .ratingApprove,
      .ratingRefuse:
      try await ratingAnswer(request)
    case .ratingLimit, .ratingLimitSet, .pastChanges: try await pastAnswer(request)
    case .tapStates: try await tapStates()
    case .tapsStuck: try await tapsStuck(request)
    case .tapListing: try await tapListing(request)
    case .stopCorrections, .stopCorrect, .stopWithdraw, .stopApprove, .stopRefuse:
      try await stopAnswer(request)
    case .acquirerMessages, .acquirerMessageDecide: try await keptMessageAnswer(request)
    case .acquirerEvent, .acquirerReconciliation, .chargeWindows, .chargeShow, .chargePay,
      .chargeAsk, .chargeWriteOff, .chargeRefund, .refundPay, .debts, .moneyOrders,
      .moneyOrderDecide, .operatorClaims:
      try await cardAnswer(request)
    case .payouts, .payoutPropose, .operatorAccounts, .operatorAccount, .paymentFileMake,
      .paymentFile, .paymentFileConfirm, .subsidyRates, .subsidyRateSet, .subsidyClaims,
      .subsidyClaimMake, .subsidyClaim, .subsidyEvidence, .subsidyPaid:
      try await operatorMoneyAnswer(request)
    case .bankAccounts, .bankAccountAdd, .bankStatements, .bankStatementTake, .bankLines,
      .bankLineMatch:
      try await bankAnswer(request)
    case .routeLoad, .routeBoardings, .originDestination, .stopBoardings:
      try await ridershipAnswer(request)
    case .vehicles, .vehiclePositions, .vehiclePositionsJSON, .tripUpdates, .tripUpdatesJSON:
      try await vehicleAnswer(request)
    case .overviewPage, .mapPage, .fleetPage, .fleetAct, .loadPage, .reportPage, .booksPage,
      .booksAct, .subsidyPage,
      .subsidyAct, .bankPage, .bankAct, .ratingPage, .ratingAct, .riderPage:
      try await pageAnswer(request)
    case .deviceHeartbeat, .deviceKeys, .denyListFetch, .deviceShow, .deviceAssign, .deviceSuspend,
      .deviceResume, .deviceRevoke, .deviceRotate, .deviceReplace, .deviceKeepHardware,
      .fleetSilent, .fleetGaps, .fleetConflicts, .quarantineList, .quarantineRelease,
      .quarantineDiscard, .denyListEntries, .denyListAdd, .denyListLift, .denyListVersions,
      .denyListBehind, .evidence:
      throw Problem.notFound(request.target)
    }
  }

  /// Answers what people read in a browser, and the forms there.
  private func pageAnswer(_ request: WebRequest) async throws -> Answer {
    switch request.endpoint {
    case .overviewPage: try await overviewPage(request)
    case .mapPage: try await mapPage(request)
    case .fleetPage: try await fleetPage(request)
    case .fleetAct: try await fleetAct(request)
    case .loadPage: try await loadPage(request)
    case .reportPage: try await reportPage(request)
    case .booksPage: try await booksPage(request)
    case .booksAct: try await booksAct(request)
    case .subsidyPage: try await subsidyPage(request)
    case .subsidyAct: try await subsidyAct(request)
    case .bankPage: try await bankPage(request)
    case .bankAct: try await bankAct(request)
    case .ratingPage: try await ratingPage(request)
    case .ratingAct: try await ratingAct(request)
    case .riderPage: try await riderPage(request)
    default: throw Problem.notFound(request.target)
    }
  }

  /// Answers what is asked about riders and their money.
  private func riderAnswer(_ request: WebRequest) async throws -> Answer {
    switch request.endpoint {
    case .riderRides: try await riderRides(request)
    case .riderRegister: try await riderRegister(request)
    case .riderShow: try await riderShow(request)
    case .riderMedia: try await riderMedia(request)
    case .riderReplace: try await riderReplace(request)
    case .riderBlock, .riderUnblock: try await riderBlock(request)
    case .riderProof: try await riderProof(request)
    case .riderProofWithdraw: try await riderProofWithdraw(request)
    case .riderMerge: try await riderMerge(request)
    case .riderErase: try await riderErase(request)
    case .proofsExpiring: try await proofsExpiring(request)
    case .wallet: try await wallet(request)
    case .walletTopUp, .walletRefund: try await walletMove(request)
    case .walletCorrect, .walletWriteOff: try await walletPropose(request)
    case .riderProducts: try await riderProducts(request)
    case .productSell: try await productSell(request)
    case .productRefund: try await productRefund(request)
    default: throw Problem.notFound(request.target)
    }
  }

  /// Answers what is asked about validators, impossible taps and the deny list; nil for the rest.
  private func fleetAnswer(_ request: WebRequest) async throws -> Answer? {
    switch request.endpoint {
    case .deviceHeartbeat: try await deviceHeartbeat(request)
    case .deviceKeys: try await deviceKeys(request)
    case .denyListFetch: try await denyListFetch(request)
    case .deviceShow: try await deviceShow(request)
    case .deviceAssign: try await deviceAssign(request)
    case .deviceSuspend: try await deviceStep(request, .suspend)
    case .deviceResume: try await deviceStep(request, .resume)
    case .deviceRevoke:
      try await deviceStep(
        request, try request.queryFlag("old_keys") ? .endOldKeys : .revoke)
    case .deviceRotate: try await deviceRotate(request)
    case .deviceReplace: try await deviceReplace(request)
    case .deviceKeepHardware: try await deviceStep(request, .cancelReplacement)
    case .fleetSilent: try await fleetSilent(request)
    case .fleetGaps: try await fleetGaps(request)
    case .fleetConflicts: try await fleetConflicts(request)
    case .quarantineList: try await quarantineList(request)
    case .quarantineRelease: try await quarantineRelease(request)
    case .quarantineDiscard: try await quarantineDiscard(request)
    case .denyListEntries: try await denyListEntries(request)
    case .denyListAdd: try await denyListAdd(request)
    case .denyListLift: try await denyListLift(request)
    case .denyListVersions: try await denyListVersions(request)
    case .denyListBehind: try await denyListBehind(request)
    case .evidence: try await evidence(request)
    default: nil
    }
  }
}
