import Basics
import Clearing
import Foundation
import Insight
import Intake
import Logging
import NIOSSL
import Postgres
import ServiceLifecycle
import Store
import Tapping
import Tariff
import UnixSignals
import Web

/// `kvytok serve` from its first to its last moment.
struct RunningService: Sendable {
  /// Longest time that running requests are given to end.
  static let drainSecondsMax: Int64 = 20
  /// Longest time that what was told to stop is given to stop.
  static let stopSecondsMax: Int64 = 10

  let settings: ServeSettings
  let registry: PrometheusRegistry
  private let log = Logger(label: "kvytok")

  /// Names what to run.
  init(settings: ServeSettings, registry: PrometheusRegistry) {
    self.settings = settings
    self.registry = registry
  }

  /// Runs until a signal stops it.
  func run() async throws {
    // What is told wrongly is said before a database is started for it.
    _ = try tlsContext()
    do {
      try await EdgeServer.tryPort(host: settings.host, port: settings.port)
    } catch let fault as ListenFault {
      throw CommandFault(explained(fault))
    }
    try settings.place.folder.make()
    if settings.place.url == nil {
      Progress.say("Starting the private PostgreSQL in \(settings.place.folder.clusterFolder)")
    }
    try await Backbone.with(settings.place, use: .serving) { backbone in
      for name in try await backbone.migrate() {
        Progress.say("Applied \(name)")
      }
      let key = try await backbone.tokenKey { SecureRandom.bytes(TokenKey.byteCount) }
      let first = FirstStart(backbone: backbone, settings: settings)
      try await first.makeAdminToken()
      try await first.publishTariff()
      try await first.keepAcquirer()
      let city = CityHolder()
      try await city.reload(from: backbone.store)
      if city.current.book == nil {
        Progress.say("No tariff is published: rides wait. Publish one: kvytok tariff publish DIR")
      }
      let secret = try await backbone.sessionSecret {
        SecureRandom.bytes(SessionSecret.byteCount)
      }
      try await serve(backbone, city: city, keys: Keys(token: key, session: secret))
    }
    Progress.say("Stopped")
  }

  /// What hinders listening; where the folder is held, that comes first: another port would not help, and another
  /// folder would be another city.
  private func explained(_ fault: ListenFault) -> String {
    let place = settings.place
    guard fault.isTaken, place.url == nil,
      PrivateCluster.isHeld(folder: place.folder.clusterFolder)
    else { return fault.description }
    return
      "Port \(settings.port) is taken, most likely by the service that runs on \(place.folder.path): stop that one first."
  }

  /// What the service keeps to itself.
  private struct Keys: Sendable {
    let token: TokenKey
    let session: SessionSecret
  }

  private func serve(_ backbone: Backbone, city: CityHolder, keys: Keys) async throws {
    let store = backbone.store
    var proofs = ProofLimits()
    proofs.parallelMax = ProofThreads.count
    let gate = DeviceGate(
      store: backbone.wayIn, proofs: ProofDesk(limits: proofs, run: ProofThreads.run), log: log)
    let sessions = SessionDesk(store: backbone.wayIn, secret: keys.session, log: log)
    let log = log
    let denyList = DenyListHolder(factory: registry)
    try await denyList.prepare(store) { SecureRandom.bytes($0) }
    let queues = QueueWatch(
      store: store, wayIn: backbone.wayIn, city: city, factory: registry, log: log, now: { .now },
      randomBytes: { SecureRandom.bytes($0) },
      freeBytes: { [place = settings.place] in place.freeBytes() })
    let partitions = PartitionKeeper(
      store: store, city: city, positionDays: settings.positionDays,
      isDropping: settings.parts.contains(.insight),
      clock: ClockGuard(store: store, log: log, now: { .now }), now: { .now }, log: log)
    var services: [any Service] = [
      Worker { await city.follow(store, log: log) },
      Worker { await denyList.follow(store) },
      Worker { await partitions.run() },
      Worker { await queues.run() },
    ]
    if backbone.hasOwnCluster { services.append(Worker { await backbone.keepCluster(log: log) }) }
    if settings.parts.contains(.intake) {
      services.append(Worker { await gate.run { sessions.forgetAll() } })
    }
    if settings.parts.contains(.clearing) {
      let clearing = ClearingService(
        store: store, city: city, tokenKey: keys.token, log: log, now: { .now })
      services.append(Worker { await clearing.run() })
      let recognition = RevenueRecognition(
        store: store, city: city, log: log,
        clock: ClockGuard(store: store, log: log, now: { .now }))
      let riders = RiderDesk(store: store, city: city, tokenKey: keys.token)
      services.append(Worker { await recognition.run(now: { .now }, desk: riders) })
      let charging = try self.charging(backbone, city: city)
      services.append(Worker { await charging.run() })
      let exchange = self.exchange(backbone, city: city, charging: charging)
      services.append(Worker { await exchange.run() })
    }
    if settings.parts.contains(.insight) {
      let placing = PlacingService(store: store, city: city, log: log, now: { .now })
      services.append(Worker { await placing.run() })
      let watch = FleetWatch(
        store: store, desk: InsightDesk(store: store, city: city), factory: registry, log: log,
        now: { .now })
      services.append(Worker { await watch.run() })
    }
    let web = try webServices(
      backbone, city: city, key: keys.token, gate: gate, sessions: sessions, denyList: denyList)
    services.append(try edge(web))
    var configuration = ServiceGroupConfiguration(
      services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: log)
    configuration.maximumGracefulShutdownDuration = .seconds(Self.drainSecondsMax)
    configuration.maximumCancellationDuration = .seconds(Self.stopSecondsMax)
    do {
      try await ServiceGroup(configuration: configuration).run()
    } catch let fault as ListenFault {
      throw CommandFault(fault.description)
    }
  }

  /// The worker of bank cards.
  private func charging(_ backbone: Backbone, city: CityHolder) throws -> ChargingService {
    ChargingService(
      store: backbone.store, city: city, acquirer: try settings.acquirer.acquirer(), log: log,
      clock: ClockGuard(store: backbone.store, log: log, now: { .now }), now: { .now })
  }

  /// The exchange of files with the acquirer: funding files always, clearing files where it asks no
  /// other way.
  private func exchange(
    _ backbone: Backbone, city: CityHolder, charging: ChargingService
  ) -> AcquirerExchange {
    let place = settings.acquirer
    let desk = ClearingFileDesk(service: charging, merchant: place.merchant)
    return AcquirerExchange(
      folder: backbone.acquirerFolder(out: place.out, in: place.incoming),
      schedule: place.isByFiles
        ? ClearingFileSchedule(
          store: backbone.store, city: city, desk: desk, from: place.fileSecond, now: { .now })
        : nil,
      funding: FundingDesk(
        store: backbone.store, city: city, merchant: place.merchant, now: { .now }), log: log)
  }

  private func webServices(
    _ backbone: Backbone, city: CityHolder, key: TokenKey, gate: DeviceGate,
    sessions: SessionDesk, denyList: DenyListHolder
  ) throws -> WebServices {
    let store = backbone.store
    let wayIn = backbone.wayIn
    let facts: @Sendable () -> AnswerFacts = {
      let now = Instant.now
      return AnswerFacts(
        serverTime: now, tariffVersion: city.current.tariffVersion(at: now),
        denyListVersion: denyList.version)
    }
    let assets = try Assets()
    for package in assets.missingPackages {
      Progress.say("The map or chart will be missing: install the Debian package \(package)")
    }
    let migrations = try SchemaMigrations.all()
    let messages = settings.acquirer.secret.map { secret in
      MessageDesk(store: store, city: city, secret: Array(secret.utf8), now: { .now })
    }
    return WebServices(
      store: store, wayIn: wayIn, city: city, registry: registry, assets: assets,
      insight: InsightDesk(store: store, city: city),
      intake: IntakeService(
        store: wayIn, gate: gate, tokenKey: key, sessions: sessions,
        admission: settings.admission, log: log, facts: facts),
      positions: PositionIntake(
        store: wayIn, gate: gate, admission: settings.admission, log: log,
        fareDay: { city.current.fareDay(of: $0) }, now: { .now }),
      gate: gate, desk: DeviceDesk(store: store, gate: gate, log: log), denyList: denyList,
      log: log, tokenKey: key, acquirerMessages: messages, facts: facts, now: { .now },
      randomBytes: { SecureRandom.bytes($0) },
      readiness: {
        await Readiness(backbone: backbone, city: city, migrations: migrations).checks()
      })
  }

  /// The limits of the edge, as far as the system lets the process have connections.
  private func edgeLimits() -> EdgeLimits {
    let wanted = settings.limits.connectionsMax + EdgeLimits.filesBesideMax
    let files = OpenFiles.allow(wanted + EdgeLimits.filesSpare)
    let limits = settings.limits.fitting(files: files)
    if limits.connectionsMax < settings.limits.connectionsMax {
      Progress.say(
        "The system allows \(files) open files, so there is room for \(limits.connectionsMax) connections. "
          + "Raise the hard limit to \(wanted) (ulimit -Hn, LimitNOFILE) for "
          + "\(settings.limits.connectionsMax).")
    }
    return limits
  }

  private func tlsContext() throws(CommandFault) -> NIOSSLContext? {
    do {
      return try settings.tls?.context()
    } catch {
      throw CommandFault("\(error). See --tls-certificate.", exitCode: CommandFault.usage)
    }
  }

  private func edge(_ web: WebServices) throws -> EdgeService {
    let host = settings.host
    let folder = settings.place.folder.path
    let scheme = settings.tls == nil ? "http" : "https"
    let context = try tlsContext()
    let server = EdgeServer(
      responder: try WebResponder(services: web, parts: settings.parts, logger: log),
      intake: settings.parts.contains(.intake) ? web.intake : nil, limits: edgeLimits(),
      proxies: settings.proxies, tls: context, log: log, now: { .now })
    return EdgeService(server: server, host: host, port: settings.port) { port in
      let name = host.contains(":") ? "[\(host)]" : host
      // Not `print`: whoever waits at the end of a pipe must see the line at once.
      FileHandle.standardOutput.write(
        Data("kvytok ready \(scheme)://\(name):\(port) data=\(folder)\n".utf8))
    }
  }
}

/// The way in over the network, until the service is told to stop.
private struct EdgeService: Service {
  let server: EdgeServer
  let host: String
  let port: Int
  let onReady: @Sendable (Int) -> Void

  func run() async throws {
    try await withGracefulShutdownHandler {
      try await server.run(host: host, port: port, onReady: onReady)
    } onGracefulShutdown: {
      server.drain()
    }
  }
}

/// Something that works until it is told to stop.
private struct Worker: Service {
  let work: @Sendable () async throws -> Void

  func run() async throws {
    do {
      try await cancelWhenGracefulShutdown { try await work() }
    } catch is CancellationError {
      return
    }
  }
}
