# Prometheus, which watches itself and the machine it is on.
{
  services.prometheus = {
    enable = true;
    exporters.node.enable = true;
    settings.scrape_configs = [
      {
        job_name = "self";
        static_configs = [
          {
            targets = [
              "localhost:9090"
              "localhost:9100"
            ];
          }
        ];
      }
    ];
  };
  init.services.prometheus.critical = true;
}
