"""What the tests of the chart stand on, in the order a values file meets it.

`places` says where things lie, `chart` renders, `pods` finds the pod templates in what came out, `environment` says
what a container's variables come to, `binary` asks byodc itself about them, `golden` compares with what was written
down by hand, `policies` answers who may talk to whom.
"""
