import Acquiring
import ArgumentParser
import Basics
import Charging
import Clearing
import Foundation
import Logging
import Store

/// How the acquirer is reached, and who the house is there.
struct AcquirerPlace: Sendable {
  /// Name of the variable that holds the secret shared with the acquirer.
  static let secretVariable = "KVYTOK_ACQUIRER_SECRET"
  /// Name of the house at the acquirer when none is given.
  static let merchantStandard = "city"

  /// The acquirer's address; nil: by files.
  var url: String?
  /// Shared with the acquirer; an empty one is none, for anybody could sign with it.
  let secret: String?
  var isByFiles = false
  var merchant = AcquirerPlace.merchantStandard
  /// Folder for clearing files, and the one of funding files; nil: in the data folder.
  var out: String?
  var incoming: String?
  /// Second of the city's day from which clearing files are made.
  var fileSecond = AcquirerPlace.fileSecondStandard

  /// Names a place.
  init(
    url: String? = nil, secret: String? = nil, isByFiles: Bool = false,
    merchant: String = AcquirerPlace.merchantStandard, out: String? = nil, incoming: String? = nil,
    fileSecond: Int = AcquirerPlace.fileSecondStandard
  ) {
    self.url = url
    self.secret = Self.nonEmpty(secret)
    self.isByFiles = isByFiles
    self.merchant = merchant
    self.out = out
    self.incoming = incoming
    self.fileSecond = fileSecond
  }

  private static func nonEmpty(_ text: String?) -> String? { text == "" ? nil : text }

  /// Half past six, when the fare day before is closed.
  static let fileSecondStandard = 6 * 3600 + 1800

  /// Reads a time of day such as `06:30`.
  static func fileSecond(_ text: String?) throws(CommandFault) -> Int {
    guard let text else { return fileSecondStandard }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let hour = parts[0], let minute = parts[1],
      (0...23).contains(hour), (0...59).contains(minute)
    else {
      throw CommandFault(
        "acquirer_files_at is a time of day such as 06:30, not \(text).",
        exitCode: CommandFault.usage)
    }
    return hour * 3600 + minute * 60
  }

  /// The way to the acquirer; nil when none is set up.
  var way: AcquirerWay? { isByFiles ? .files : url == nil ? nil : .url }

  /// The adapter; nil when no acquirer is set up.
  func acquirer() throws(CommandFault) -> (any Acquirer)? {
    if isByFiles {
      guard url == nil else {
        throw CommandFault(
          "An acquirer is reached by URL or by files, not both.", exitCode: CommandFault.usage)
      }
      return FileAcquirer()
    }
    guard let url else { return nil }
    guard let secret, !secret.isEmpty else {
      throw CommandFault(
        "The acquirer at \(url) needs a secret; set \(Self.secretVariable).",
        exitCode: CommandFault.usage)
    }
    return HTTPAcquirer(url: url, secret: secret)
  }
}

/// How commands reach the acquirer.
struct AcquirerOptions: ParsableArguments {
  @Option(help: "Address of the acquirer; or set KVYTOK_ACQUIRER_URL.")
  var acquirerURL: String?

  @Flag(
    help: """
      The acquirer is reached by files, which `acquirer export` and the service write; or set \
      KVYTOK_ACQUIRER_FILES=true.
      """)
  var acquirerFiles = false

  @OptionGroup var house: MerchantOptions

  var place: AcquirerPlace {
    let environment = ProcessInfo.processInfo.environment
    return AcquirerPlace(
      url: acquirerURL ?? environment["KVYTOK_ACQUIRER_URL"],
      secret: environment[AcquirerPlace.secretVariable],
      isByFiles: acquirerFiles || environment["KVYTOK_ACQUIRER_FILES"] == "true",
      merchant: house.told ?? AcquirerPlace.merchantStandard)
  }
}

/// Who the house is at the acquirer: clearing files say so, and funding files have to.
struct MerchantOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The house's name at the acquirer; or set KVYTOK_MERCHANT. (default: the service's, else city)"
    ))
  var merchant: String?

  /// The name that the command was told; nil: none.
  var told: String? { merchant ?? ProcessInfo.processInfo.environment["KVYTOK_MERCHANT"] }

  /// The name that was told, else the one of the service on the database, else the standard.
  func name(_ kept: KeptAcquirer) -> String {
    told ?? kept.merchant ?? AcquirerPlace.merchantStandard
  }
}

/// What commands about card money stand on.
struct MoneyDesks: Sendable {
  let store: Store
  let city: CityHolder
  let charging: ChargingService
  let debts: DebtDesk
  let payouts: PayoutDesk
  let subsidies: SubsidyDesk
  let wallets: WalletOrderDesk
  let statements: StatementDesk

  /// Opens the desks on a database, with an acquirer where one is set up.
  static func open(_ backbone: Backbone, _ acquirer: AcquirerPlace? = nil) async throws
    -> MoneyDesks
  {
    let city = CityHolder()
    try await city.reload(from: backbone.store)
    return MoneyDesks(backbone.store, city, try acquirer?.acquirer())
  }

  /// Takes funding files of the house's own merchant.
  func funding(merchant: String) -> FundingDesk {
    FundingDesk(store: store, city: city, merchant: merchant, now: { .now })
  }

  private init(_ store: Store, _ city: CityHolder, _ acquirer: (any Acquirer)?) {
    let now: @Sendable () -> Instant = { .now }
    self.store = store
    self.city = city
    // Who says that windows are to be closed knows better than a worker whether taps will still come.
    var policy = ChargingPolicy()
    policy.backlogWaitSecondsMax = 0
    charging = ChargingService(
      store: store, city: city, acquirer: acquirer, policy: policy,
      log: Logger(label: "kvytok"), now: now)
    debts = DebtDesk(store: store, city: city, now: now)
    payouts = PayoutDesk(store: store, city: city, now: now)
    subsidies = SubsidyDesk(store: store, city: city, now: now)
    wallets = WalletOrderDesk(store: store, city: city, now: now)
    statements = StatementDesk(store: store, city: city, now: now)
  }

  var today: Day { city.current.clock.zone.local(.now).day }

  /// Carries out what a person asked; a refusal is the answer no.
  static func answer<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let refusal as MoneyRefusal {
      throw CommandFault("\(refusal)", exitCode: CommandFault.no)
    } catch let refusal as RiderRefusal {
      throw CommandFault(refusal.description, exitCode: CommandFault.no)
    }
  }
}

func moneyText(_ minor: Int64, _ currency: Currency) -> String {
  Money(minor: minor, currency: currency).description
}
