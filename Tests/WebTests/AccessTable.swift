import Store
import Web

/// Who may call what, written out a second time: the rule that the endpoints are compared with, pages among them.
enum AccessTable {
  /// A right of some roles besides the administrator, and whether a token of one operator has it too.
  struct Right: Equatable {
    var roles: Set<AccessRole>
    var isScoped = false
  }

  /// What people may call, by who may; each once.
  static let staff: [(Right, [Endpoint])] = [
    (
      Right(roles: []),
      [
        .deviceAdd, .deviceRevoke, .deviceRotate, .deviceReplace, .deviceKeepHardware,
        .networkImport, .tariffPublish, .auditTaps, .riderMerge, .riderErase,
      ]
    ),
    (
      Right(roles: [.dispatcher]),
      [
        .deviceList, .deviceShow, .deviceAssign, .deviceSuspend, .deviceResume, .fleetSilent,
        .fleetGaps, .fleetConflicts, .denyListBehind,
      ]
    ),
    (
      Right(roles: [.accountant]),
      [
        .quarantineRelease, .quarantineDiscard, .denyListAdd, .denyListLift, .riderRegister,
        .riderMedia, .riderReplace, .riderBlock, .riderUnblock, .riderProof,
        .riderProofWithdraw, .proofsExpiring,
        .periods, .adjustments, .adjustmentAsk, .adjustmentDecide, .trialBalance, .booksPage,
        .ratingPage,
        .ratingPreview, .ratingLook, .ratingOrders, .ratingOrder, .ratingShow, .ratingApprove,
        .ratingRefuse, .ratingLimit, .ratingLimitSet, .tapStates, .tapsStuck, .stopApprove,
        .stopRefuse, .walletCorrect,
        .walletWriteOff, .acquirerMessages, .acquirerMessageDecide, .acquirerReconciliation,
        .chargeWindows, .chargeShow, .chargeWriteOff, .chargeRefund, .debts, .moneyOrders,
        .moneyOrderDecide, .operatorAccount, .payoutPropose, .paymentFileMake, .paymentFile,
        .paymentFileConfirm, .subsidyRates, .subsidyRateSet, .subsidyClaims, .subsidyClaimMake,
        .subsidyClaim, .subsidyEvidence, .subsidyPaid, .subsidyPage, .bankAccounts,
        .bankAccountAdd, .bankStatements, .bankStatementTake, .bankLines, .bankLineMatch,
        .bankPage,
      ]
    ),
    (
      Right(roles: [.accountant], isScoped: true),
      [.report, .reportPage, .operatorClaims, .operatorAccounts, .payouts]
    ),
    (
      Right(roles: [.cashier]),
      [.walletTopUp, .walletRefund, .productSell, .productRefund, .chargePay, .refundPay]
    ),
    (
      Right(roles: [.planner, .dispatcher], isScoped: true),
      [.routeLoad, .routeBoardings, .originDestination, .stopBoardings, .loadPage]
    ),
    (
      Right(roles: [.accountant, .dispatcher]),
      [.quarantineList, .fleetPage, .stopCorrect, .stopWithdraw, .pastChanges]
    ),
    (Right(roles: [.accountant, .inspector]), [.evidence]),
    (Right(roles: [.accountant, .rider]), [.chargeAsk]),
    (
      Right(roles: [.accountant, .dispatcher, .inspector]),
      [.stopCorrections, .denyListEntries, .denyListVersions, .tapListing]
    ),
    (Right(roles: [.accountant, .inspector, .rider]), [.riderRides, .riderPage, .riderShow]),
    (Right(roles: [.accountant, .inspector, .rider, .cashier]), [.wallet, .riderProducts]),
    (
      Right(roles: [.accountant, .planner, .dispatcher, .inspector]), [.status, .overviewPage]
    ),
  ]

  /// What anybody may call; the forms among them ask for a token of their own.
  static let anyone: [Endpoint] = [
    .health, .readiness, .metrics, .openAPI, .asset, .library, .loginPage, .login, .logout,
    .fleetAct, .booksAct, .subsidyAct, .bankAct, .ratingAct, .mapPage, .networkRoutes,
    .networkStops,
    .vehicles, .vehiclePositions, .vehiclePositionsJSON, .tripUpdates, .tripUpdatesJSON,
  ]

  /// What only a device may call, by its signature.
  static let devices: [Endpoint] = [
    .tapBatches, .positions, .deviceHeartbeat, .deviceSession, .deviceSelf, .denyListFetch,
    .deviceKeys,
  ]

  /// What the table says of an endpoint; nil when it is not for people.
  static func right(_ endpoint: Endpoint) -> Right? {
    staff.first { $0.1.contains(endpoint) }?.0
  }
}
